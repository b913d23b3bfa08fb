"""Who judges the judge: users play on stores that are broken on purpose; each must be caught.

Three replicas of the shop run in this process over one memory store, whose clock goes when it is
told to. Users play on them as in a rehearsal. Then comes a last act with nothing left to chance:
every browser has a session, writes, one thing at a time, and reads back. There the store is made to
strike, so that its wrong is seen whatever this machine does meanwhile.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import anyio
import msgspec

from holdfast.laravel.payload import Codec
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.browser import Browser
from holdfast.rehearsal.client import Response
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.in_process import InProcess
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.mutants import (
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
USERS = 12
THINK_SECONDS = 0.02
PLAY_SECONDS = 1.0
TICK_SECONDS = 0.05
"""How long the play goes on, and how often the store's clock moves on by some seconds in it."""

EPOCH = 1_800_000_000
LIFETIME = 7200
SETTLING_TRIES = 6
"""How often a browser may find its session gone or not its own until it gives up."""

_BY_ITSELF = ("late-cookie",)
"""What may be found on a correct store: browsers do this to themselves."""


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


_CASES = (
    _Case("correct", "nothing", (), Mutant),
    _Case(
        "drops writes",
        "drops 1 of 1,000 writes that it has acknowledged",
        ("durability",),
        DropsWrites,
    ),
    _Case("swaps users", "gives two users each other's session", ("leak",), SwapsUsers),
    _Case("resurrects", "brings deleted sessions back", ("resurrection",), Resurrects),
    _Case("rolls back", "goes back to what it held 2 s ago", ("rollback",), RollsBack),
    _Case(
        "expires early",
        "keeps sessions for 10 minutes instead of 2 hours",
        ("missing",),
        ShortensExpiry,
    ),
)


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
        results.append(_result(case, mutant, await _played(mutant, seed)))
    return results


class _Clock:
    """The store's clock and the replicas': it stands still until it is moved."""

    def __init__(self) -> None:
        self.now = EPOCH

    def __call__(self) -> int:
        return self.now


class _Replicas:
    """Replicas of the shop over one store, each request at the next one, without a network."""

    def __init__(self, mutant: Mutant, clock: _Clock) -> None:
        store = MemoryStore(lifetime=LIFETIME, clock=clock, rule=mutant)
        key = fresh_app_key()
        self._next = itertools.cycle(
            InProcess(create_app(store, Codec(store.form), key, f"r{number}", 1, clock=clock))
            for number in range(1, REPLICAS + 1)
        )

    async def wait_turn(self) -> None:
        """Whenever it likes."""

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        return await next(self._next).send(method, target, headers, body, timeout)


async def _played(mutant: Mutant, seed: int) -> Verdict:
    clock = _Clock()
    stop = anyio.Event()

    async def end() -> None:
        for _ in range(round(PLAY_SECONDS / TICK_SECONDS)):
            await anyio.sleep(TICK_SECONDS)
            clock.now += 5
        stop.set()

    with Recorder() as recorder:
        replicas = _Replicas(mutant, clock)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(end)
            browsers = await play(
                replicas, recorder, users=USERS, seed=seed, stop=stop, think=THINK_SECONDS
            )
        await _last_act(browsers, mutant, clock)
        await read_back(browsers)
        return judge(
            parse_setup("redis", "shop"), recorder.ops(), recorder.events, recorder.elapsed()
        )


async def _last_act(browsers: list[Browser], mutant: Mutant, clock: _Clock) -> None:
    """Where every mutant strikes: each step is over for everybody before the next one begins."""
    await _each(browsers, _settle)
    clock.now += 10
    await _each(browsers, lambda browser: _put(browser, "second to last"))
    await _each(browsers, lambda browser: _put(browser, "last but one"))
    mutant.armed = True
    await _each(browsers, lambda browser: _put(browser, "last"))
    await _each(browsers, _look)
    await _each(browsers[::2], _log_out)
    clock.now += LIFETIME // 2


async def _each(
    browsers: list[Browser], step: Callable[[Browser], Coroutine[Any, Any, None]]
) -> None:
    async with anyio.create_task_group() as tasks:
        for browser in browsers:
            tasks.start_soon(step, browser)


async def _settle(browser: Browser) -> None:
    """Have a session and be logged in, whatever the play has left behind."""
    for _ in range(SETTLING_TRIES):
        await _look(browser)
        if not browser.opened:
            await browser.send("open", lineage=browser.lineage)
        if browser.opened and browser.user is None:
            await browser.send("login", user=browser.name.removeprefix("u"))
        if browser.opened and browser.user is not None:
            return


async def _look(browser: Browser) -> None:
    await browser.send("state")


async def _put(browser: Browser, what: str) -> None:
    await browser.send("cart", item=f"{what} of {browser.name}")


async def _log_out(browser: Browser) -> None:
    old = browser.jar.copy()
    logout = await browser.send("logout")
    if logout.ok:
        await browser.probe(old, logout.id)


def _result(case: _Case, mutant: Mutant, verdict: Verdict) -> SelfTestResult:
    found = {invariant: verdict.count(invariant) for invariant in INVARIANTS}
    broken = {name for name, count in found.items() if count}
    if case.expected:
        caught = mutant.struck > 0 and not broken.isdisjoint(case.expected)
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
