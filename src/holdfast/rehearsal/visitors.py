"""Visitors of an application that we do not know: they look around, log in, and come back.

They write nothing beyond what the application itself does at a visit and at its own login. Their
choices come from the run's seed alone, as those of :mod:`holdfast.rehearsal.users`.
"""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress

import anyio

from holdfast.core.errors import EnvironmentLacking, StoreError
from holdfast.laravel.payload import Codec
from holdfast.rehearsal.client import Client
from holdfast.rehearsal.guests import Guest, VisitingGuest
from holdfast.rehearsal.history import Op
from holdfast.rehearsal.observation import Payload, read_payload
from holdfast.rehearsal.recorder import Recorder, Recording
from holdfast.rehearsal.site import Site
from holdfast.rehearsal.users import READERS, THINK_SECONDS, pause
from holdfast.rehearsal.visitor import Look, Visitor
from holdfast.stores.contract import Find, Found, Store

LOOK_SECONDS = 1.0
"""How long a look into the store may take; one that is harmed by a fault says nothing."""

_TRIES = 3
"""How often the scout tries to log in; a session that is lost meanwhile proves nothing of it."""

_SCOUT = 1
"""The scout's number: the account of the first visitor is there."""

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
        """Send a scout: its page must show a session, and its login must be taken.

        Where its session is lost on the way, nothing can be said of the login.

        Raises:
            EnvironmentLacking: not so; the hint says what would help.
        """
        with Recorder() as aside:
            scout = self._visitor(_SCOUT, aside)
            self._require_session(await scout.go(), scout)
            if self._site.login is not None:
                await self._require_login(scout)

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

    def _require_session(self, op: Op, scout: Visitor) -> None:
        if op.ok and op.state is not None:
            return
        page = f"GET {self._site.path}"
        assert op.answer is not None
        status = op.answer.status
        if status is None or status >= 400:
            raise EnvironmentLacking(
                f"{page} answers {status}" if status else f"{page}: {op.answer.error}",
                hint="--path names a page that everybody may see; the application's log says more",
            )
        if 300 <= status < 400:
            raise EnvironmentLacking(
                f"{page} redirects to another host, or in a circle",
                hint="--path names a page that is served without that",
            )
        cookie = scout.window.jar.cookies.get(self._site.reader.cookie)
        if cookie is None:
            raise EnvironmentLacking(
                f"{page} opens no session: it sets no cookie {self._site.reader.cookie}",
                hint="a static page, or a route without the middleware group web? --path names"
                " another",
            )
        if self._site.reader.encrypter and self._site.reader.session_id(cookie) is None:
            raise EnvironmentLacking(
                f"the session of {page} cannot be observed: the application's key does not open"
                f" its cookie {self._site.reader.cookie}",
                hint="APP_KEY must be the key that the application runs with",
            )
        raise EnvironmentLacking(
            f"the session of {page} cannot be observed: no XSRF-TOKEN cookie that opens, no token"
            " in the page, and none in a store that can be read from here",
            hint="--path names a page with a form (@csrf), or with a csrf-token in its head;"
            " APP_KEY opens the cookie",
        )

    async def _require_login(self, scout: Visitor) -> None:
        login = self._site.login
        assert login is not None
        why: str | None = None
        for tries in range(1, _TRIES + 1):
            before = scout.lost
            op = await scout.log_in()
            # Not as often each time: replicas that answer in turn must not get the same share.
            for _ in range(tries):
                await scout.go()
            if scout.lost > before:
                return
            if op.ok and scout.window.user is not None:
                return
            why = why or (op.answer.error if op.answer else None)
        raise EnvironmentLacking(
            f"{login.method} {login.path} logs nobody in: {why or 'the session stays the same'}",
            hint="--login sends a form of the application; do its fields and values fit?",
        )


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


def codec_of(store: Store, site: Site) -> Codec:
    """What reads the sessions of a site in a store."""
    encrypter = site.reader.encrypter if site.encrypt else None
    return Codec(store.form, site.serialization, encrypter)


@asynccontextmanager
async def payloads(store: Store | None, site: Site) -> AsyncIterator[Look | None]:
    """What looks sessions up in a store; None where it cannot be read from here."""
    if store is None or (site.encrypt and site.reader.encrypter is None):
        yield None
        return
    codec = codec_of(store, site)
    async with store.aconnect() as perform:

        async def look(session_id: str) -> Payload | None:
            found: Found | None = None
            with anyio.move_on_after(LOOK_SECONDS), suppress(StoreError):
                found = await perform(Find(session_id))
            return read_payload(codec, found.data) if found is not None else None

        yield look
