"""Who judges the judge: users play on stores that are broken on purpose; each must be caught.

Three replicas of the shop run in this process over one memory store. Its clock runs a hundred times
as fast as ours, so that sessions are touched and expire while a test can wait for it.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass

import anyio
import httpx2
import msgspec

from holdfast.laravel.payload import Codec
from holdfast.rehearsal.browser import http_client
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.deployment import fresh_app_key
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.mutants import (
    Correct,
    DropsWrites,
    Mutant,
    Resurrects,
    RollsBack,
    ShortensExpiry,
    SwapsUsers,
)
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.shop import create_app
from holdfast.rehearsal.users import play, read_back
from holdfast.rehearsal.verdict import INVARIANTS, Verdict
from holdfast.stores.memory import MemoryStore

REPLICAS = 3
USERS = 16
THINK_SECONDS = 0.02
CLOCK_SPEED = 100
LEAST_SECONDS = 1.0
MOST_SECONDS = 20.0
"""A mutant that has not struck by then is not tested: it counts as missed."""


class SelfTestResult(msgspec.Struct, frozen=True):
    """What the judge made of one store.

    Args:
        mutant: the store's name.
        words: what it does wrong.
        expected: the invariants of which at least one must be found broken; empty: none may be.
        found: violations by invariant.
        struck: how often the store did wrong.
        caught: whether the judge saw what it had to see.
    """

    mutant: str
    words: str
    expected: list[str]
    found: dict[str, int]
    struck: int
    caught: bool


@dataclass(frozen=True)
class _Case:
    name: str
    words: str
    expected: tuple[str, ...]
    mutant: Callable[[], Mutant]
    strikes: int = 1


_CASES = (
    _Case("correct", "nothing", (), Correct, strikes=0),
    _Case(
        "drops writes",
        "drops 1 of 1,000 writes that it has acknowledged",
        ("durability", "lost-update"),
        DropsWrites,
    ),
    _Case("swaps users", "gives two users each other's session", ("leak",), SwapsUsers),
    _Case("resurrects", "brings deleted sessions back", ("resurrection",), Resurrects, strikes=3),
    _Case(
        "rolls back",
        "goes back to what it held 2 s ago",
        ("rollback", "missing"),
        lambda: RollsBack(time.monotonic),
    ),
    _Case(
        "expires early",
        "keeps sessions for 10 s instead of 2 hours",
        ("missing",),
        lambda: ShortensExpiry(10),
        strikes=100,
    ),
)

_BY_ITSELF = ("late-cookie",)
"""What may be found on a correct store: browsers do this to themselves."""


async def self_test(seed: int, progress: Callable[[str], None]) -> list[SelfTestResult]:
    """Play on the correct store and on every mutant, about ten seconds in all.

    Args:
        seed: of the users' choices.
        progress: told what is being played.
    """
    results = []
    for case in _CASES:
        progress(f"self-test: {case.name}")
        mutant = case.mutant()
        verdict = await _played(mutant, seed, case.strikes)
        results.append(_result(case, mutant, verdict))
    return results


async def _played(mutant: Mutant, seed: int, strikes: int) -> Verdict:
    """Play until the mutant has struck so often, and read every session back."""
    began = time.monotonic()
    origin = time.time()
    stop = anyio.Event()

    def clock() -> int:
        return int(origin + CLOCK_SPEED * (time.monotonic() - began))

    async def end() -> None:
        await anyio.sleep(LEAST_SECONDS)
        # A mutant knows no event loop that it could tell.
        while mutant.struck < strikes and time.monotonic() - began < MOST_SECONDS:  # noqa: ASYNC110
            await anyio.sleep(0.05)
        stop.set()

    with Recorder() as recorder:
        async with http_client("http://shop", transport=_Replicas(mutant, clock)) as client:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(end)
                browsers = await play(
                    client, recorder, users=USERS, seed=seed, stop=stop, think=THINK_SECONDS
                )
            await read_back(browsers)
        return judge(
            parse_setup("redis", "shop"), recorder.ops(), recorder.events, recorder.elapsed()
        )


class _Replicas(httpx2.AsyncBaseTransport):
    """Replicas of the shop over one store, each request at the next one, without a network."""

    def __init__(self, mutant: Mutant, clock: Callable[[], int]) -> None:
        store = MemoryStore(clock=clock, rule=mutant)
        key = fresh_app_key()
        self._next = itertools.cycle(
            httpx2.ASGITransport(
                create_app(store, Codec(store.form), key, f"r{number}", 1, clock=clock),
                raise_app_exceptions=False,
            )
            for number in range(1, REPLICAS + 1)
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await next(self._next).handle_async_request(request)


def _result(case: _Case, mutant: Mutant, verdict: Verdict) -> SelfTestResult:
    found = dict.fromkeys(INVARIANTS, 0)
    for violation in verdict.violations:
        found[violation.invariant] += 1
    broken = {name for name, count in found.items() if count}
    if case.expected:
        caught = mutant.struck >= case.strikes and bool(broken & set(case.expected))
    else:
        caught = broken <= set(_BY_ITSELF) and verdict.writes_acknowledged > 0
    return SelfTestResult(
        mutant=case.name,
        words=case.words,
        expected=list(case.expected),
        found=found,
        struck=mutant.struck,
        caught=caught,
    )
