"""A TCP proxy on loopback that does harm when told to; stands between replicas and their store.

It runs in a thread of this process. A command has taken effect when its method returns.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.ports import LOOPBACK, free_port

_CHUNK_BYTES = 256 * 1024
_COMMAND_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Pass:
    """Everything goes through."""


@dataclass(frozen=True, slots=True)
class Latency:
    """What clients send arrives ``seconds`` later, so that each round trip takes that much more."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Blackhole:
    """Connections are accepted, and what either side sends is swallowed.

    A connection of which anything was swallowed, and one that was accepted meanwhile, is closed
    when the mode ends: half a conversation must not go on.
    """


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nothing listens, and the connections that there were are closed."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Answers are cut: the server has done what it was asked, the client never learns of it.

    An answer is what the server sends at a time. The connection is closed after the cut.

    Args:
        after: how many bytes of the answer go through; a shorter answer goes through whole.
        every: each how manieth answer is cut, over all connections, the first one first.
        times: how many answers are cut until everything goes through again; None: without end.
    """

    after: int = 0
    every: int = 1
    times: int | None = 1


Mode = Pass | Latency | Blackhole | Refuse | Cut


class TcpProxy:
    """A proxy that runs; opened by :func:`tcp_proxy`. Methods may be called from any thread.

    Args:
        port: the loopback port where it listens.
        target: the port of the server behind it.
        host: where that server is.
    """

    def __init__(self, port: int, target: int, host: str = LOOPBACK) -> None:
        self.port = port
        self.target = target
        self.host = host
        self._mode: Mode = Pass()
        self._answers = 0
        self._left: int | None = None
        self._harmed = 0
        self._exchanges = 0
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="tcp-proxy", daemon=True)

    @property
    def mode(self) -> Mode:
        """What it does now; ``Pass`` again after a ``Cut`` that is over."""
        return self._mode

    @property
    def harmed(self) -> int:
        """How many connections it has cut, swallowed something of, or closed, since it began."""
        return self._harmed

    @property
    def exchanges(self) -> int:
        """How many round trips clients have made: how often one spoke after the server had."""
        return self._exchanges

    def behave(self, mode: Mode) -> None:
        """Do this from now on, to the connections that there are too.

        Raises:
            EnvironmentLacking: it refused before, and its port was taken meanwhile.
        """
        asyncio.run_coroutine_threadsafe(self._change(mode), self._loop).result(_COMMAND_SECONDS)

    def start(self) -> None:
        """Listen. Raises EnvironmentLacking where the port is taken."""
        self._thread.start()
        try:
            self.behave(Pass())
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close every connection and end the thread."""
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(_COMMAND_SECONDS)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_COMMAND_SECONDS)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.close()

    async def _change(self, mode: Mode) -> None:
        before, self._mode = self._mode, mode
        self._answers = 0
        self._left = mode.times if isinstance(mode, Cut) else None
        if isinstance(before, Blackhole):
            self._end_links(lambda link: link.swallowed)
        if isinstance(mode, Refuse):
            self._stop_listening()
            self._end_links(lambda link: True)
        elif self._server is None:
            try:
                self._server = await asyncio.start_server(self._serve, LOOPBACK, self.port)
            except OSError as error:
                raise EnvironmentLacking(
                    f"the proxy cannot listen on {LOOPBACK}:{self.port}: {error.strerror}",
                    hint="end what listens there; `ss -ltnp` lists it",
                ) from error

    async def _end(self) -> None:
        # What was accepted and is no link yet ends by itself then. Neither may it be cancelled
        # before its first step, nor the server be closed before it is attached to that: nobody
        # would close it.
        self._mode = Refuse()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self._stop_listening()
        links = list(self._links)
        for link in links:
            link.task.cancel()
        while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(tasks)
        for link in links:
            for writer in link.writers:
                writer.transport.abort()
        await asyncio.sleep(0)

    def _stop_listening(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _end_links(self, which: Callable[[_Link], bool]) -> None:
        for link in [link for link in self._links if which(link)]:
            self._harm(link)
            link.task.cancel()

    def _harm(self, link: _Link) -> None:
        if not link.harmed:
            link.harmed = True
            self._harmed += 1

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        link = _Link(task, [writer])
        self._links.add(link)
        try:
            if isinstance(self._mode, Blackhole | Refuse):
                # Accepted before the port was closed, or to be swallowed: no server behind it.
                self._swallow(link)
                if isinstance(self._mode, Blackhole):
                    await _drained(reader)
                return
            behind, out = await asyncio.open_connection(self.host, self.target)
            link.writers.append(out)
            await _first_to_end(
                self._forward(link, reader, out, answers=False),
                self._forward(link, behind, writer, answers=True),
            )
        except (OSError, asyncio.CancelledError):
            # Either side broke, or the connection is to end: no error of this program's.
            pass
        finally:
            self._links.discard(link)
            link.close()

    async def _forward(
        self,
        link: _Link,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        answers: bool,
    ) -> None:
        """Carry bytes one way until the sender ends, or the connection is to be cut."""
        while chunk := await reader.read(_CHUNK_BYTES):
            self._exchanges += link.server_spoke and not answers
            link.server_spoke = answers
            if isinstance(self._mode, Latency) and not answers:
                await asyncio.sleep(self._mode.seconds)
            if isinstance(self._mode, Blackhole) or link.swallowed:
                self._swallow(link)
                continue
            if isinstance(self._mode, Cut) and answers and self._is_cut(self._mode):
                writer.write(chunk[: self._mode.after])
                if self._left == 0:
                    self._mode = Pass()
                with contextlib.suppress(OSError):
                    await writer.drain()
                self._harm(link)
                return
            writer.write(chunk)
            await writer.drain()

    def _swallow(self, link: _Link) -> None:
        link.swallowed = True
        self._harm(link)

    def _is_cut(self, mode: Cut) -> bool:
        due = self._answers % mode.every == 0
        self._answers += 1
        if due and self._left is not None:
            self._left -= 1
        return due


class _Link:
    """A client's connection and, once there is one, the server's."""

    def __init__(self, task: asyncio.Task[None], writers: list[asyncio.StreamWriter]) -> None:
        self.task = task
        self.writers = writers
        self.swallowed = False
        self.harmed = False
        self.server_spoke = True

    def close(self) -> None:
        for writer in self.writers:
            writer.close()


@contextmanager
def tcp_proxy(target: int, port: int | None = None, *, host: str = LOOPBACK) -> Iterator[TcpProxy]:
    """Listen on a loopback port and forward to another one. Blocks; no event loop is needed.

    Args:
        target: the port to forward to; need not be served yet.
        port: where to listen; default: a free one.
        host: whose port ``target`` is: a name or an address.

    Raises:
        EnvironmentLacking: the port is taken.
    """
    proxy = TcpProxy(free_port() if port is None else port, target, host)
    proxy.start()
    try:
        yield proxy
    finally:
        proxy.close()


async def _drained(reader: asyncio.StreamReader) -> None:
    while await reader.read(_CHUNK_BYTES):
        pass


async def _first_to_end(*ways: Coroutine[Any, Any, None]) -> None:
    """Carry both ways until one ends; the other one then has nobody to carry for."""
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
