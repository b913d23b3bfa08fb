"""What is done to a Redis that Sentinels watch over: failed over, its primary killed or cut off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

import anyio
from anyio import CancelScope

from holdfast.rehearsal.harm import Harm
from holdfast.rehearsal.threads import in_thread
from holdfast.servers.sentinel import SentinelRedis

_Fault = Literal["failover", "kill-primary", "partition"]


async def failover(harm: Harm) -> None:
    """Order Sentinel to make a replica the primary, as for an upgrade of the primary's node."""
    async with _told(harm, "failover") as redis:
        await _promotion(harm, "failover", redis, redis.failover)


async def kill_primary(harm: Harm) -> None:
    """SIGKILL the primary; it is started again, without data, once a replica has its place."""
    async with _told(harm, "kill-primary") as redis:
        await _promotion(harm, "kill-primary", redis, redis.kill_primary)


async def partition(harm: Harm) -> None:
    """Cut the primary off from replicas and Sentinels, but not from applications.

    That lasts until a replica has its place, and ``Pace.partition`` longer.
    """
    async with _told(harm, "partition") as redis:
        try:
            await _promotion(harm, "partition", redis, redis.partition_primary)
            await anyio.sleep(harm.pace.partition)
        finally:
            # Also where the play was interrupted: every session is still to be read back.
            with CancelScope(shield=True):
                await in_thread(redis.heal)
            harm.tell("heal", "partition")


@asynccontextmanager
async def _told(harm: Harm, fault: _Fault) -> AsyncIterator[SentinelRedis]:
    """It is over when there is one primary again, and applications reach that one alone."""
    redis = harm.store.sentinel
    assert redis is not None
    async with harm.changing:
        harm.tell(fault, fault)
        yield redis
        await in_thread(redis.settle, on_cancel=redis.give_up)
        harm.tell("over", fault)


async def _promotion(
    harm: Harm, fault: _Fault, redis: SentinelRedis, order: Callable[[], int]
) -> None:
    """Wait until a replica is primary, and tell where the old primary goes on as one too."""
    await in_thread(order, on_cancel=redis.give_up)
    if len(await in_thread(redis.primaries)) > 1:
        harm.tell("split", fault)
