"""What can be done to the store of a deployment, and to the way there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import anyio
from anyio import CancelScope

from holdfast.rehearsal.backing import Backing
from holdfast.rehearsal.history import ToStore
from holdfast.rehearsal.pace import Pace
from holdfast.rehearsal.threads import in_thread
from holdfast.servers.tcp_proxy import Blackhole, Cut, Latency, Mode, Pass

CUT_EVERY = 3
HALF_AN_ANSWER = 3
"""Bytes: more than none and less than any answer."""


@dataclass(frozen=True, slots=True)
class Harm:
    """Does harm to one store; what it can do depends on what the backing has.

    Args:
        store: where the sessions go.
        tell: told when something begins and when it is over: what, and the fault.
        pace: how long things take.
        changing: held while something is done; the replicas' changes hold it too.
    """

    store: Backing
    tell: Callable[[ToStore, str], None]
    pace: Pace
    changing: anyio.Lock

    @property
    def harmed(self) -> int:
        """How many connections to the store the proxy has cut or swallowed something of."""
        return self.store.proxy.harmed if self.store.proxy is not None else 0

    async def cut(self, fault: ToStore = "cut") -> None:
        """Cut answers of the store for ``Pace.cut``: it has saved, and the replica does not know.

        Each third answer is cut, so that replicas get far enough to have one worth cutting; for
        half of the time before its first byte, then in the middle.
        """
        half = self.pace.cut / 2
        before, amid = (Cut(after, CUT_EVERY, times=None) for after in (0, HALF_AN_ANSWER))
        await self._between(fault, (before, half), (amid, half))

    async def slow(self, fault: ToStore = "slow") -> None:
        """Make each round trip to the store longer by ``Pace.latency``, for ``Pace.slow``."""
        await self._between(fault, (Latency(self.pace.latency), self.pace.slow))

    async def blackhole(self, fault: ToStore = "blackhole") -> None:
        """Swallow what replicas and store send each other for ``Pace.blackhole``."""
        await self._between(fault, (Blackhole(), self.pace.blackhole))

    async def flush(self, fault: ToStore = "flush") -> None:
        """Empty the store as ``cache:clear`` does it; every session is lost."""
        await self._at_once(fault, self.store.flush)

    async def evict(self, fault: ToStore = "evict") -> None:
        """Let the store run out of memory until it has evicted part of its keys."""
        await self._at_once(fault, self.store.evict)

    async def restart(self, fault: ToStore = "restart") -> None:
        """Stop the store's server as an operator does, and start it again after ``Pace.down``, on
        its port and its data. What it keeps is up to it.
        """
        assert self.store.server is not None
        await self._without_server(fault, self.store.server.stop)

    async def crash(self, fault: ToStore = "crash") -> None:
        """As :meth:`restart`, with SIGKILL for every process of the server."""
        assert self.store.server is not None
        await self._without_server(fault, self.store.server.kill)

    async def _at_once(self, fault: ToStore, do: Callable[[], object] | None) -> None:
        assert do is not None
        async with self.changing:
            self.tell(fault, fault)
            await in_thread(do)
            self.tell("over", fault)

    async def _without_server(self, fault: ToStore, end: Callable[[], None]) -> None:
        assert self.store.server is not None
        async with self.changing:
            self.tell(fault, fault)
            try:
                await in_thread(end)
                await anyio.sleep(self.pace.down)
            finally:
                # Also where the play was interrupted: every session is still to be read back.
                with CancelScope(shield=True):
                    await in_thread(self.store.server.start)
                self.tell("over", fault)

    async def _between(self, fault: ToStore, *steps: tuple[Mode, float]) -> None:
        """Let the proxy do one thing after the other, each for some seconds, and then no more."""
        proxy = self.store.proxy
        assert proxy is not None
        async with self.changing:
            self.tell(fault, fault)
            try:
                for mode, seconds in steps:
                    await in_thread(partial(proxy.behave, mode))
                    await anyio.sleep(seconds)
            finally:
                with CancelScope(shield=True):
                    await in_thread(partial(proxy.behave, Pass()))
                self.tell("over", fault)
