"""The balancer for machines without HAProxy: round robin for each request, on asyncio and h11.

It promises what :class:`holdfast.rehearsal.balancer.Balancer` says, and nothing more: no TLS, no
checks, a new connection to the replica for each request, no answers before the request's body.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import h11
from anyio import CancelScope

from holdfast.rehearsal.endpoint import AFFINITY_COOKIE, Endpoint
from holdfast.servers.ports import LOOPBACK

CONNECT_SECONDS = 1.0
ANSWER_SECONDS = 60.0
MAX_BODY_BYTES = 16 * 1024 * 1024
"""Of a request: it is kept whole, so that it can go to the next replica. More is answered 413."""

LINGER_SECONDS = 5.0
"""How long the rest of a refused request is still taken."""

_CHUNK = 65536
_HOP_BY_HOP = {b"connection", b"keep-alive", b"proxy-connection", b"te", b"upgrade"}

Headers = list[tuple[bytes, bytes]]


class BuiltinBalancer:
    """See :class:`holdfast.rehearsal.balancer.Balancer`; opened by :func:`builtin_balancer`."""

    name = "builtin"

    def __init__(self, *, affinity: bool) -> None:
        self.address = ""
        self._affinity = affinity
        self._endpoints: list[Endpoint] = []
        self._turn = 0
        self._connections: set[asyncio.Task[None]] = set()

    async def add(self, endpoint: Endpoint) -> None:
        """Let a replica take requests."""
        self._endpoints.append(endpoint)

    async def remove(self, endpoint: Endpoint) -> None:
        """Send a replica nothing new."""
        with contextlib.suppress(ValueError):
            self._endpoints.remove(endpoint)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one browser's connection until either side closes it."""
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            # Only close() cancels it; on 3.11 the streams' callback would call that an error.
            with contextlib.suppress(OSError, h11.ProtocolError, asyncio.CancelledError):
                await self._browser(_Peer(h11.Connection(h11.SERVER), reader, writer))
        finally:
            self._connections.discard(task)
            writer.close()

    async def close(self) -> None:
        """Cut all connections."""
        connections = list(self._connections)
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _browser(self, browser: _Peer) -> None:
        while True:
            request = await browser.event()
            if not isinstance(request, h11.Request):
                return
            body = await browser.body()
            if body is None:
                await browser.refuse(413, b"the request's body is too large\n", last=True)
                await browser.linger()
                return
            await self._forward(browser, request, body)
            if browser.http.our_state is not h11.DONE or browser.http.their_state is not h11.DONE:
                return
            browser.http.start_next_cycle()

    async def _forward(self, browser: _Peer, request: h11.Request, body: bytes) -> None:
        headers, wanted = _split_affinity(request.headers)
        for endpoint in self._candidates(wanted):
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    reader, writer = await asyncio.open_connection(LOOPBACK, endpoint.port)
            except (OSError, TimeoutError):
                continue
            replica = _Peer(h11.Connection(h11.CLIENT), reader, writer)
            new_cookie = self._affinity and wanted != _cookie_value(endpoint)
            try:
                await self._exchange(
                    browser,
                    replica,
                    h11.Request(
                        method=request.method,
                        target=request.target,
                        headers=[*headers, (b"connection", b"close")],
                    ),
                    body,
                    _cookie_value(endpoint) if new_cookie else None,
                )
            finally:
                writer.close()
            return
        await browser.refuse(503, b"no replica takes connections\n")

    async def _exchange(
        self,
        browser: _Peer,
        replica: _Peer,
        request: h11.Request,
        body: bytes,
        new_cookie: bytes | None,
    ) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await replica.send(request, *([h11.Data(data=body)] if body else ()))
                await replica.send(h11.EndOfMessage())
                answer = await replica.event()
                while isinstance(answer, h11.InformationalResponse):
                    answer = await replica.event()
        except (OSError, TimeoutError, h11.ProtocolError):
            answer = None
        if not isinstance(answer, h11.Response):
            await browser.refuse(502, b"the replica gave no answer\n")
            return
        headers = [pair for pair in answer.headers if pair[0] not in _HOP_BY_HOP]
        if new_cookie is not None:
            headers.append((b"set-cookie", b"%s=%s; path=/" % (_COOKIE, new_cookie)))
            headers.append((b"cache-control", b"private"))
        await browser.send(
            h11.Response(status_code=answer.status_code, reason=answer.reason, headers=headers)
        )
        # An error from here on closes the browser's connection before the answer's end, and so
        # shows that it is not whole.
        while isinstance(part := await replica.event(), h11.Data):
            await browser.send(part)
        if not isinstance(part, h11.EndOfMessage):
            raise ConnectionError
        await browser.send(h11.EndOfMessage())

    def _candidates(self, wanted: bytes | None) -> Iterable[Endpoint]:
        endpoints = list(self._endpoints)
        if not endpoints:
            return []
        start = self._turn % len(endpoints)
        order = endpoints[start:] + endpoints[:start]
        if self._affinity and any(_cookie_value(endpoint) == wanted for endpoint in endpoints):
            # A stable sort: the wanted one first, the others in their turn, which it is not.
            order.sort(key=lambda endpoint: _cookie_value(endpoint) != wanted)
        else:
            self._turn += 1
        return order


class _Peer:
    """One side of a connection: h11 over a pair of streams."""

    def __init__(
        self, http: h11.Connection, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.http = http
        self._reader = reader
        self._writer = writer

    async def event(self) -> h11.Event | None:
        """The next event; None where the other side is done with this connection."""
        while (event := self.http.next_event()) is h11.NEED_DATA:
            self.http.receive_data(await self._reader.read(_CHUNK))
        return event if isinstance(event, h11.Event) else None

    async def body(self) -> bytes | None:
        """The body that follows; None, and the rest unread, where it is larger than allowed."""
        body = bytearray()
        while isinstance(event := await self.event(), h11.Data):
            body += event.data
            if len(body) > MAX_BODY_BYTES:
                return None
        return bytes(body)

    async def send(self, *events: h11.Event) -> None:
        for event in events:
            self._writer.write(self.http.send(event) or b"")
        await self._writer.drain()

    async def linger(self) -> None:
        """Read and forget what still comes: closed before that, our answer might never be read."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while await self._reader.read(_CHUNK):
                    pass

    async def refuse(self, status: int, words: bytes, *, last: bool = False) -> None:
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(words))]
        if last:
            headers.append((b"connection", b"close"))
        await self.send(
            h11.Response(status_code=status, headers=headers),
            h11.Data(data=words),
            h11.EndOfMessage(),
        )


@asynccontextmanager
async def builtin_balancer(*, affinity: bool) -> AsyncIterator[BuiltinBalancer]:
    """Listen on a loopback port of the kernel's choice until the context ends."""
    balancer = BuiltinBalancer(affinity=affinity)
    server = await asyncio.start_server(balancer.serve, LOOPBACK, 0)
    balancer.address = f"http://{LOOPBACK}:{server.sockets[0].getsockname()[1]}"
    try:
        yield balancer
    finally:
        server.close()
        with CancelScope(shield=True):
            await balancer.close()
            await server.wait_closed()


_COOKIE = AFFINITY_COOKIE.encode()


def _cookie_value(endpoint: Endpoint) -> bytes:
    """Names the generation too: whoever takes a replica's place does not inherit its browsers."""
    return f"{endpoint.name}.{endpoint.generation}".encode()


def _split_affinity(headers: Iterable[tuple[bytes, bytes]]) -> tuple[Headers, bytes | None]:
    """The headers for the replica, without our cookie, and that cookie's value."""
    kept: Headers = []
    wanted = None
    for name, value in headers:
        if name in _HOP_BY_HOP:
            continue
        if name != b"cookie":
            kept.append((name, value))
            continue
        cookies = []
        for cookie in value.split(b";"):
            key, _, content = cookie.strip().partition(b"=")
            if key == _COOKIE:
                wanted = content
            else:
                cookies.append(cookie.strip())
        if cookies:
            kept.append((b"cookie", b"; ".join(cookies)))
    return kept, wanted
