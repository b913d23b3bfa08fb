"""What acknowledged writes survive when a Redis primary goes, at each guarantee level.

A chain is one session whose next write is built on what the store returned. One that kept a count
of its own would write over the very loss that it is to find.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, get_args

import anyio

from holdfast.core.clock import wall_clock
from holdfast.core.errors import LevelRefused, SaveUnknown, SessionGone, StoreError
from holdfast.core.flow import APerform, Effect, arun
from holdfast.laravel.payload import Codec, Form
from holdfast.rehearsal.threads import in_thread
from holdfast.servers.ports import LOOPBACK
from holdfast.servers.sentinel import NAME, NODES, SentinelRedis
from holdfast.session import Levels, Policy, load, save
from holdfast.stores.contract import Commit, Level
from holdfast.stores.redis import RedisStore

Fault = Literal["failover", "partition", "kill"]
FAULTS: tuple[Fault, ...] = get_args(Fault)
LEVELS: tuple[Level, ...] = get_args(Level)

REPLICAS = NODES - 1
LIFETIME = 7200
PAUSE_SECONDS = 0.02
"""How long a chain waits after a save that failed."""

_CODEC = Codec(Form.PHP_STRING)


@dataclass
class Outcome:
    """What became of the chains of one run.

    Args:
        acknowledged: writes that were called saved.
        lost: those of them that are gone.
        rolled_back: sessions that lost any.
        refused: saves that were refused, with nothing written: the level could not be held.
        unknown: saves of which it was not known whether they were made, or will last.
        failed: requests that failed otherwise: nobody was primary, or the session was gone.
    """

    sessions: int
    acknowledged: int = 0
    lost: int = 0
    rolled_back: int = 0
    refused: int = 0
    unknown: int = 0
    failed: int = 0


@dataclass
class Chain:
    """One session: each write has a number of its own, and remembers which one it was built on.

    What stands in the store at the end, what that was built on, and so on: that is what has lasted.
    """

    perform: APerform
    policy: Policy
    sid: str | None = None
    built_on: list[int | None] = field(default_factory=list)
    acknowledged: set[int] = field(default_factory=set)

    async def step(self) -> None:
        """One request: read, write, save."""
        session = await arun(load(self.sid, _CODEC, policy=self.policy), self.perform)
        number = len(self.built_on)
        self.built_on.append(session.get("write"))
        session["write"] = number
        await arun(
            save(session, _CODEC, lifetime=LIFETIME, now=wall_clock(), policy=self.policy),
            self.perform,
        )
        self.sid = session.id
        self.acknowledged.add(number)

    def lost(self, last: int | None) -> int:
        """How many acknowledged writes are gone, where this one stands in the store."""
        lasted = set()
        while last is not None:
            lasted.add(last)
            last = self.built_on[last]
        return len(self.acknowledged - lasted)


async def endure(
    redis: SentinelRedis,
    fault: Fault,
    level: Level,
    *,
    sessions: int,
    before: float,
    after: float,
) -> Outcome:
    """Let chains run through a fault until there is one primary again, and count what they lost.

    They reach Redis through its Sentinels; in a partition half of them are pinned to the primary
    that is cut off, as applications on its side are.

    Args:
        redis: with one primary, and nothing else going on.
        sessions: how many chains, each as fast as it can.
        before, after: seconds until the fault, and from when a replica is primary until it is over.

    Raises:
        StoreError: the chains could not be begun, or not be read at the end.
        EnvironmentLacking: there was no new primary.
    """
    outcome = Outcome(sessions)
    policy = Policy(levels=Levels(level, level, level))
    pinned = sessions // 2 if fault == "partition" else 0
    async with AsyncExitStack() as stack:
        through = await stack.enter_async_context(through_sentinels(redis).aconnect())
        direct = await stack.enter_async_context(direct_to(redis.primary).aconnect())
        performs = [direct] * pinned + [through] * (sessions - pinned)
        chains = [Chain(perform, policy) for perform in performs]
        for chain in chains:
            await chain.step()
        async with anyio.create_task_group() as group:
            for chain in chains:
                group.start_soon(_run, chain, outcome)
            await anyio.sleep(before)
            await in_thread(_order(redis, fault))
            await anyio.sleep(after)
            redis.heal()
            await in_thread(redis.settle)
            group.cancel_scope.cancel()
    async with direct_to(redis.primary).aconnect() as perform:
        for chain in chains:
            last = await arun(load(chain.sid, _CODEC), perform)
            lost = chain.lost(last.get("write"))
            outcome.lost += lost
            outcome.rolled_back += lost > 0
    outcome.acknowledged = sum(len(chain.acknowledged) for chain in chains)
    return outcome


async def milliseconds(redis: SentinelRedis, level: Level, *, saves: int) -> float:
    """How long one save takes at a level while nothing else is done; the median."""
    policy = Policy(levels=Levels(level, level, level))
    took = []
    async with direct_to(redis.primary).aconnect() as perform:

        async def timed(operation: Effect[Any]) -> Any:
            began = time.perf_counter()
            result = await perform(operation)
            if isinstance(operation, Commit):
                took.append(time.perf_counter() - began)
            return result

        chain = Chain(timed, policy)
        for _ in range(saves):
            await chain.step()
    return median(took) * 1000


def through_sentinels(redis: SentinelRedis) -> RedisStore:
    """A store that finds the primary by asking."""
    sentinels = tuple((LOOPBACK, port) for port in redis.sentinel_ports)
    return RedisStore(sentinels=sentinels, service=NAME, replicas=REPLICAS)


def direct_to(port: int) -> RedisStore:
    """A store that stays with one node."""
    return RedisStore(port=port, replicas=REPLICAS)


async def _run(chain: Chain, outcome: Outcome) -> None:
    while True:
        try:
            await chain.step()
        except LevelRefused:
            outcome.refused += 1
        except SaveUnknown:
            outcome.unknown += 1
        except (StoreError, SessionGone):
            outcome.failed += 1
        else:
            continue
        await anyio.sleep(PAUSE_SECONDS)


def _order(redis: SentinelRedis, fault: Fault) -> Callable[[], int]:
    match fault:
        case "failover":
            return redis.failover
        case "partition":
            return redis.partition_primary
        case "kill":
            return redis.kill_primary
