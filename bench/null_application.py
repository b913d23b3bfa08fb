"""The null application: the cheapest correct speaker of ``rehearsal/protocol.py``.

Sessions are objects of this process, one HTTP/1.1 request at a time is taken from a connection, and
nothing is checked that the rehearsal's own browsers cannot get wrong. What a rehearsal against it
takes is what the rehearsal itself takes. Prints its port and serves until its stdin ends.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import sys
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

import msgspec

from holdfast.rehearsal.protocol import MAX_HOLD_MS, PRODUCTS, State

_HEAD = re.compile(rb"(GET|POST) /(\w+)(?:\?(\S*))? HTTP/1\.1\r\n")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_COOKIE = re.compile(rb"\r\ncookie:[^\r]*laravel_session=(\w+)", re.IGNORECASE)
_TOKEN = re.compile(rb"\r\nx-csrf-token: *(\w+)", re.IGNORECASE)
_CATALOGUE = msgspec.json.encode(PRODUCTS)
_REASONS = {200: b"OK", 409: b"Conflict", 419: b"Page Expired"}

_numbers = itertools.count(1)
_sessions: dict[bytes, Session] = {}


@dataclass(slots=True)
class Session:
    """What one session holds; ``id`` changes at a login and a logout."""

    id: bytes = field(default_factory=lambda: b"s%d" % next(_numbers))
    token: str = field(default_factory=lambda: f"t{next(_numbers)}")
    lineage: str | None = None
    user: int | None = None
    cart: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    count: int = 0
    marks: dict[str, str] = field(default_factory=dict)

    def act(self, kind: str, form: dict[str, str]) -> Session:
        """Do what a route does; the session that the browser has afterwards."""
        match kind:
            case "open":
                self.lineage = self.lineage or form["lineage"]
            case "login":
                del _sessions[self.id]
                self.id, self.token = b"s%d" % next(_numbers), f"t{next(_numbers)}"
                self.user = int(form["user"])
                _sessions[self.id] = self
            case "cart":
                self.cart.append(form["item"])
            case "count":
                self.count += 1
            case "mark":
                self.marks[form["key"]] = form["value"]
            case "checkout":
                self.orders += self.cart
                self.cart = []
            case "logout":
                del _sessions[self.id]
                return new_session()
        return self

    def state(self) -> bytes:
        """The answer's body."""
        return msgspec.json.encode(
            State(
                replica="null",
                generation=1,
                session=f"h{self.id.decode()}",
                lineage=self.lineage,
                user=self.user,
                token=self.token,
                cart=self.cart,
                orders=self.orders,
                count=self.count,
                marks=self.marks,
            )
        )


def new_session() -> Session:
    session = Session()
    _sessions[session.id] = session
    return session


class Connection(asyncio.Protocol):
    """One browser's connection: a request, its answer, the next request."""

    def __init__(self) -> None:
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end]
        length = _LENGTH.search(head)
        whole = end + 4 + (int(length[1]) if length else 0)
        if len(self._buffer) < whole:
            return
        body, self._buffer = self._buffer[end + 4 : whole], self._buffer[whole:]
        self._serve(head, body)

    def _serve(self, head: bytes, body: bytes) -> None:
        asked = _HEAD.match(head + b"\r\n")
        assert asked is not None, head
        kind, form = asked[2].decode(), dict(parse_qsl((body or asked[3] or b"").decode()))
        carried = _COOKIE.search(head)
        sid = carried[1] if carried else None
        token = _TOKEN.search(head)
        if held := min(MAX_HOLD_MS, int(form.get("ms", 0))):
            loop = asyncio.get_running_loop()
            given = token[1].decode() if token else ""
            loop.call_later(held / 1000, self._answer, asked[1], kind, form, sid, given)
        else:
            self._answer(asked[1], kind, form, sid, token[1].decode() if token else "")

    def _answer(
        self, method: bytes, kind: str, form: dict[str, str], sid: bytes | None, token: str
    ) -> None:
        session = new_session() if sid is None else _sessions.get(sid)
        if session is None:
            # The id was given up. A fresh session would be the late answer that logs a browser out.
            self._write(409, b"")
        elif kind == "catalogue":
            self._write(200, _CATALOGUE, session.id if session.id != sid else None)
        elif method == b"POST" and token != session.token:
            self._write(419, b"", session.id if session.id != sid else None)
        else:
            session = session.act(kind, form)
            self._write(200, session.state(), session.id if session.id != sid else None)

    def _write(self, status: int, body: bytes, sid: bytes | None = None) -> None:
        cookie = b"Set-Cookie: laravel_session=%s; Path=/; HttpOnly\r\n" % sid if sid else b""
        self._transport.write(
            b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n%s"
            % (status, _REASONS[status], len(body), cookie, body)
        )


async def main() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - its parent waits for it
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
