"""What is done to Redis with Sentinel, in a deployment of the shop: told, undone, and cancelled."""

from __future__ import annotations

from contextlib import asynccontextmanager

import anyio
import pytest

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.deployment import deploy
from holdfast.rehearsal.failover import kill_primary, partition
from holdfast.rehearsal.pace import Pace

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(180)]


@asynccontextmanager
async def deployed(events, pace):
    def emit(what, replica, _generation, fault):
        if replica == "store":
            events.append((what, fault))

    setup = parse_setup("shop=redis:sentinel", "shop")
    async with deploy(setup, replicas=1, emit=emit, pace=pace) as deployment:
        yield deployment


async def test_a_cancelled_partition_heals_and_a_killed_primary_is_replaced():
    events = []
    async with deployed(events, Pace(partition=600)) as deployment:
        redis = deployment.harm.store.sentinel
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(partition, deployment.harm)
            await happens(lambda: ("split", "partition") in events)
            tasks.cancel_scope.cancel()
        assert events == [(what, "partition") for what in ("partition", "split", "heal")]
        old = redis.settle()
        events.clear()
        await kill_primary(deployment.harm)
        assert redis.primary != old
        assert redis.primaries() == redis.service.serving() == (redis.primary,)
    assert events == [(what, "kill-primary") for what in ("kill-primary", "over")]


async def test_a_failover_that_is_waited_for_can_be_cancelled():
    events = []
    async with deployed(events, Pace()) as deployment, anyio.create_task_group() as tasks:
        tasks.start_soon(kill_primary, deployment.harm)
        await happens(lambda: events)
        tasks.cancel_scope.cancel()
    assert events == [("kill-primary", "kill-primary")]


async def happens(condition):
    while not condition():  # noqa: ASYNC110 - nobody sets an event for these
        await anyio.sleep(0.01)
