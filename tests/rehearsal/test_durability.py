"""Chains of writes through a real failover: at the level strict no acknowledged one is lost."""

from __future__ import annotations

import random
import shutil
import tempfile
from pathlib import Path

import pytest

from holdfast.rehearsal.durability import Chain, endure
from holdfast.servers.guardian import Guardian
from holdfast.servers.sentinel import sentinel_redis
from holdfast.session import Policy
from holdfast.stores.contract import Commit, Find
from holdfast.stores.memory import MemoryStore

SEED = 4


@pytest.fixture
def redis():
    directory = Path(tempfile.mkdtemp(prefix="hf-"))
    try:
        with Guardian() as guardian, sentinel_redis(directory, guardian) as redis:
            yield redis
    finally:
        shutil.rmtree(directory)


@pytest.mark.anyio
async def test_what_is_rolled_back_is_counted():
    store = MemoryStore()
    async with store.aconnect() as perform:
        chain = Chain(perform, Policy())
        for _ in range(3):
            await chain.step()
        before = await perform(Find(chain.sid))
        for _ in range(4):
            await chain.step()
        assert chain.lost(6) == 0
        now = await perform(Find(chain.sid))
        await perform(Commit(chain.sid, now, before.data, before.expires_at))
        # What is built on the old state since does not hide what is gone.
        for _ in range(5):
            await chain.step()
        assert len(chain.acknowledged) == 12
        assert chain.lost(11) == 4
        assert chain.lost(None) == 12


@pytest.mark.anyio
@pytest.mark.timeout(180)
async def test_strict_loses_nothing_in_a_planned_failover(redis):
    chance = random.Random(SEED)
    old = redis.primary
    outcome = await endure(
        redis,
        "failover",
        "strict",
        sessions=4,
        before=chance.uniform(0.2, 1),
        after=chance.uniform(0.5, 1),
    )
    assert redis.primary != old
    assert outcome.sessions == 4
    assert outcome.acknowledged > 4
    # How many were refused meanwhile is up to the moment; as a rule some are.
    assert (outcome.lost, outcome.rolled_back) == (0, 0), outcome
