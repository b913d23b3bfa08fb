"""What is done to a Redis that Sentinels watch over: failed over, its primary killed or cut off."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import anyio
from anyio import CancelScope

from holdfast.rehearsal.deployment import Deployment, Tell
from holdfast.rehearsal.threads import in_thread
from holdfast.servers.sentinel import SentinelRedis


def no_sentinel(deployment: Deployment) -> str | None:
    """Why none of these can be done to a deployment, for people; None where they can."""
    if deployment.store.sentinel is None:
        return "its store is not redis:sentinel"
    return None


async def failover(deployment: Deployment) -> None:
    """Order Sentinel to make a replica the primary, as for an upgrade of the primary's node."""

    async def harm(redis: SentinelRedis, tell: Tell) -> None:
        await _promotion(redis, redis.failover, tell)

    await _harm("failover", deployment, harm)


async def kill_primary(deployment: Deployment) -> None:
    """SIGKILL the primary; it is started again, without data, once a replica has its place."""

    async def harm(redis: SentinelRedis, tell: Tell) -> None:
        await _promotion(redis, redis.kill_primary, tell)

    await _harm("kill-primary", deployment, harm)


async def partition(deployment: Deployment) -> None:
    """Cut the primary off from replicas and Sentinels, but not from applications.

    That lasts until a replica has its place, and ``Pace.partition`` longer.
    """

    async def harm(redis: SentinelRedis, tell: Tell) -> None:
        try:
            await _promotion(redis, redis.partition_primary, tell)
            await anyio.sleep(deployment.pace.partition)
        finally:
            with CancelScope(shield=True):
                await in_thread(redis.heal)
            tell("heal")

    await _harm("partition", deployment, harm)


async def _harm(
    fault: Literal["failover", "kill-primary", "partition"],
    deployment: Deployment,
    harm: Callable[[SentinelRedis, Tell], Awaitable[None]],
) -> None:
    """Do it; it is over when there is one primary again, and applications reach that one alone."""
    redis = deployment.store.sentinel
    assert redis is not None
    async with deployment.telling_of_store(fault) as tell:
        tell(fault)
        await harm(redis, tell)
        await in_thread(redis.settle, on_cancel=redis.give_up)
        tell("over")


async def _promotion(redis: SentinelRedis, order: Callable[[], int], tell: Tell) -> None:
    """Wait until a replica is primary, and tell where the old primary goes on as one too."""
    await in_thread(order, on_cancel=redis.give_up)
    if len(await in_thread(redis.primaries)) > 1:
        tell("split")
