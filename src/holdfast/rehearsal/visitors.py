"""Visitors of an application that we do not know: they look around, log in, and come back.

They write nothing beyond what the application itself does at a visit and at its own login. Their
choices come from the run's seed alone, as those of :mod:`holdfast.rehearsal.users`.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping

import anyio

from holdfast.rehearsal.client import Client
from holdfast.rehearsal.guests import Guest, VisitingGuest
from holdfast.rehearsal.recorder import Recorder, Recording
from holdfast.rehearsal.scout import scout
from holdfast.rehearsal.site import Site
from holdfast.rehearsal.stored import Look
from holdfast.rehearsal.users import READERS, THINK_SECONDS, pause
from holdfast.rehearsal.visitor import Visitor

_SCOUT = 1
"""The scout's number: the account of the first visitor is there."""

_PASSER_BY = 2

Step = Callable[[Visitor], Awaitable[object]]


class Visitors:
    """The crowd of an application that we do not know.

    Args:
        client: sends all requests.
        site: the application.
        host: as for Visitor.
        look: looks sessions up in their store, where that can be reached from here.
        think: mean pause between two steps of a visitor, seconds.
        steps: how often each of STEPS is taken against the others; empty: as usual.
    """

    visit = True

    def __init__(
        self,
        client: Client,
        site: Site,
        *,
        host: str,
        look: Look | None = None,
        think: float = THINK_SECONDS,
        steps: Mapping[str, int] | None = None,
    ) -> None:
        self._think = think
        self._steps = steps or {}
        self._client = client
        self._site = site
        self._host = host
        self._look = look
        self._visitors: list[Visitor] = []

    async def check(self) -> None:
        """See :func:`holdfast.rehearsal.scout.scout`."""
        with Recorder() as aside:
            await scout(self._visitor(_SCOUT, aside), self._visitor(_PASSER_BY, aside), self._site)

    async def play(
        self,
        recorder: Recorder,
        *,
        users: int,
        seed: int,
        stop: anyio.Event,
        on_progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Visit until ``stop`` is set; see :class:`holdfast.rehearsal.crowd.Crowd`."""
        self._visitors = [self._visitor(number, recorder) for number in range(1, users + 1)]

        async def live(visitor: Visitor) -> None:
            will = random.Random(f"{seed}:{visitor.name}")
            await pause(will, self._think, stop)
            while not stop.is_set():
                step = _next_step(visitor, will, self._steps, accounts=self._site.login is not None)
                await step(visitor)
                if on_progress:
                    gone = sum(visitor.lost for visitor in self._visitors)
                    on_progress(recorder.next_id() - 1, gone)
                await pause(will, self._think, stop)

        async with anyio.create_task_group() as tasks:
            for visitor in self._visitors:
                tasks.start_soon(live, visitor)

    async def read_back(self, rounds: int) -> None:
        """Visit once more with every window that is open."""
        limiter = anyio.CapacityLimiter(READERS)

        async def read(visitor: Visitor) -> None:
            async with limiter:
                for _ in range(rounds):
                    if visitor.window.opened:
                        await visitor.go()

        async with anyio.create_task_group() as tasks:
            for visitor in self._visitors:
                tasks.start_soon(read, visitor)

    def guest(self, number: int, recording: Recording) -> Guest:
        """See Crowd."""
        return VisitingGuest(
            self._visitor(number, recording), accounts=self._site.login is not None
        )

    def _visitor(self, number: int, recorder: Recording) -> Visitor:
        return Visitor(number, self._client, recorder, self._site, host=self._host, look=self._look)


async def visit(visitor: Visitor) -> None:
    """Look at the page."""
    await visitor.go()


async def visit_in_parallel(visitor: Visitor) -> None:
    """Look at the page in several tabs, or at a page that loads parts of itself."""
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(visitor.go)


async def log_in(visitor: Visitor) -> None:
    """Log in, and look around."""
    await visitor.log_in()
    await visitor.go()


async def log_in_in_flight(visitor: Visitor) -> None:
    """Log in while another tab is still loading."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(visitor.go)
        tasks.start_soon(visitor.log_in)
    await visitor.go()


async def leave(visitor: Visitor) -> None:
    """Close the window, and come back as a new guest."""
    visitor.leave()
    await visitor.go()


STEPS: dict[str, Step] = {
    "visit": visit,
    "visit-in-parallel": visit_in_parallel,
    "leave": leave,
    "log-in": log_in,
    "log-in-in-flight": log_in_in_flight,
}
"""What a visitor who has a session can do, by name."""

_USUAL = {"visit": 5, "visit-in-parallel": 4, "leave": 1, "log-in": 4, "log-in-in-flight": 2}
_LOGINS = ("log-in", "log-in-in-flight")


def _next_step(
    visitor: Visitor, will: random.Random, weights: Mapping[str, int], *, accounts: bool
) -> Step:
    """What to do next; ``accounts``: there is a login."""
    guest = accounts and visitor.window.user is None
    able = {name: w for name, w in (weights or _USUAL).items() if guest or name not in _LOGINS}
    if not visitor.window.opened or not any(able.values()):
        return visit
    return STEPS[will.choices(list(able), list(able.values()))[0]]
