"""The users' HTTP client: each request is sent once, and what did not come back is told exactly.

A rehearsal needs three things that clients for daily use do not promise together: no request is
ever sent twice on its own account, an answer that was lost is told from a request that was never
sent, and thousands of exchanges a second do not make the client what is measured. It keeps no
cookie, follows no redirect and asks for no compression. HTTP/1.1, framed and checked by h11.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol, cast
from urllib.parse import urlsplit

import h11
from anyio import CancelScope

from holdfast import __version__
from holdfast.core.errors import UsageError

AGENT = f"holdfast/{__version__} (session rehearsal)"
"""What every request says that it comes from."""

MAX_HEADER_BYTES = 64 * 1024
MAX_BODY_BYTES = 16 * 1024 * 1024
"""What an answer may measure; a longer one is none."""


class NoAnswer(Exception):  # noqa: N818 - it says what happened
    """No whole answer came, in words for people.

    ``sent`` False: nobody can have received the request. True: it may have taken effect, or do so
    yet.
    """

    def __init__(self, words: str, *, sent: bool) -> None:
        super().__init__(words)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer; ``headers`` are its names in lower case and values, in their order."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of every header of a name, which is given in lower case."""
        return [value for known, value in self.headers if known == name]

    def first(self, name: str) -> str | None:
        """The value of the first header of a name."""
        return next((value for known, value in self.headers if known == name), None)


class Client(Protocol):
    """Sends requests of many browsers, at the same time."""

    async def wait_turn(self) -> None:
        """Wait until one more request may be sent; to be called before it is written down."""

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        """Send one request, once.

        Args:
            method: ``GET`` or ``POST``.
            target: path and query, ``/state?ms=5``.
            headers: beside those that every request has; names in lower case.
            body: the whole of it, empty for none.
            timeout: seconds that may pass until the whole answer is there.

        Raises:
            NoAnswer: none came.
        """


@asynccontextmanager
async def http_client(
    address: str,
    *,
    headers: Mapping[str, str] | None = None,
    tls: ssl.SSLContext | None = None,
    server_name: str | None = None,
) -> AsyncIterator[Client]:
    """Connections to one address, shared by all browsers and kept alive, until the context ends.

    Args:
        address: ``http://127.0.0.1:8080`` or ``https://staging.example.com``; a path in it stands
            before every target.
        headers: sent with every request, names in lower case; ``host`` here takes the place of the
            address's.
        tls: for an ``https`` address, in place of the system's authorities.
        server_name: what TLS asks for and checks, in place of the address's host.

    Raises:
        UsageError: the address is no such URL.
    """
    client = _HttpClient(address, headers or {}, tls, server_name)
    try:
        yield client
    finally:
        with CancelScope(shield=True):
            await client.close()


class _HttpClient:
    def __init__(
        self,
        address: str,
        headers: Mapping[str, str],
        tls: ssl.SSLContext | None,
        server_name: str | None,
    ) -> None:
        try:
            url = urlsplit(address)
            port = url.port
        except ValueError as error:
            raise UsageError(f"{address!r} is no address: {error}") from error
        if url.scheme not in ("http", "https") or not url.hostname:
            raise UsageError(
                f"{address!r} is no address of a web server",
                hint="write http://HOST:PORT or https://HOST",
            )
        secure = url.scheme == "https"
        self._host = url.hostname
        self._port = port or (443 if secure else 80)
        self._tls = (tls or ssl.create_default_context()) if secure else None
        self._server_name = (server_name or self._host) if secure else None
        self._prefix = url.path.rstrip("/")
        host = url.netloc.rpartition("@")[2]
        self._headers = {
            "host": host,
            "accept-encoding": "identity",
            "user-agent": AGENT,
            **headers,
        }
        self._open: set[_Connection] = set()
        self._idle: list[_Connection] = []

    async def wait_turn(self) -> None:
        """Whenever it likes."""

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout
        fields = {**self._headers, **headers}
        if method != "GET":
            fields["content-length"] = str(len(body))
        try:
            request = h11.Request(
                method=method,
                target=self._prefix + target,
                headers=[
                    (name.encode(), value.encode("latin-1")) for name, value in fields.items()
                ],
            )
        except h11.LocalProtocolError as error:
            raise NoAnswer(f"cannot be sent: {error}", sent=False) from error
        connection = await self._connection(timeout)
        try:
            response = await connection.exchange(request, body, deadline)
        except BaseException:
            connection.abort()
            raise
        if connection.usable:
            self._idle.append(connection)
        return response

    async def close(self) -> None:
        """Cut all connections."""
        lost = [connection.lost for connection in self._open]
        for connection in list(self._open):
            connection.abort()
        await asyncio.gather(*lost)

    async def _connection(self, timeout: float) -> _Connection:
        while self._idle:
            if (idle := self._idle.pop()).usable:
                return idle
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                _, connection = await loop.create_connection(
                    lambda: _Connection(self._open),
                    self._host,
                    self._port,
                    ssl=self._tls,
                    server_hostname=self._server_name,
                )
        except TimeoutError as error:
            raise NoAnswer(f"no connection within {timeout:g} s", sent=False) from error
        except OSError as error:
            raise NoAnswer(f"cannot connect: {error}", sent=False) from error
        return connection


class _Connection(asyncio.Protocol):
    """One connection: a request, its answer, the next request."""

    def __init__(self, open: set[_Connection]) -> None:
        self._open = open
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEADER_BYTES)
        self._answer: asyncio.Future[Response] | None = None
        self._head: h11.Response | None = None
        self._body = bytearray()
        self.lost = asyncio.get_running_loop().create_future()

    @property
    def usable(self) -> bool:
        """Whether it is open, and nothing is under way on it."""
        return self._http.our_state is h11.IDLE and not self._transport.is_closing()

    async def exchange(self, request: h11.Request, body: bytes, deadline: float) -> Response:
        loop = asyncio.get_running_loop()
        self._answer = loop.create_future()
        self._head = None
        self._body.clear()
        late = loop.call_at(deadline, self._fail, "no whole answer in time")
        try:
            parts = [self._http.send(request)]
            if body:
                parts.append(self._http.send(h11.Data(data=body)))
            parts.append(self._http.send(h11.EndOfMessage()))
            self._transport.write(b"".join(part for part in parts if part))
            return await self._answer
        finally:
            late.cancel()
            self._answer = None

    def abort(self) -> None:
        """Cut it, whatever is under way."""
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._open.add(self)

    def data_received(self, data: bytes) -> None:
        if self._answer is None or self._answer.done():
            # Nobody asked: what comes now would be taken for the answer to the next request.
            self.abort()
        else:
            self._receive(data)

    def eof_received(self) -> None:
        if self._http.their_state is h11.SEND_RESPONSE:
            self._fail("the connection was closed before the answer")
        elif self._answer is not None and not self._answer.done():
            self._receive(b"")

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._fail(f"the connection was lost: {exc or 'the server closed it'}")
        self.lost.set_result(None)

    def _receive(self, data: bytes) -> None:
        try:
            self._http.receive_data(data)
            while (event := self._http.next_event()) is not h11.NEED_DATA:
                if isinstance(event, h11.Response):
                    self._head = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > MAX_BODY_BYTES:
                        self._fail(f"the answer has more than {MAX_BODY_BYTES} bytes")
                        return
                elif isinstance(event, h11.EndOfMessage):
                    self._complete()
                    return
        except h11.RemoteProtocolError as error:
            self._fail(f"not HTTP: {error}")

    def _complete(self) -> None:
        assert self._head is not None
        assert self._answer is not None
        headers = [
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in self._head.headers
        ]
        self._answer.set_result(Response(self._head.status_code, headers, bytes(self._body)))
        http = self._http
        if http.our_state is http.their_state is h11.DONE and not http.trailing_data[0]:
            http.start_next_cycle()
        else:
            self.abort()

    def _fail(self, words: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(NoAnswer(words, sent=True))
