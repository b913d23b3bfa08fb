"""A library under its shop, asked without a server between: WSGI in threads, ASGI in tasks."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from wsgiref.util import setup_testing_defaults

import anyio
from anyio import to_thread

from peers.gate import Gate

THREADS = anyio.CapacityLimiter(100)


@dataclass(frozen=True)
class Answer:
    """``cookie`` is what a browser sends from now on, ``name=value``."""

    status: int
    cookie: str
    body: bytes

    @property
    def ok(self) -> bool:
        return self.status == 200


Ask = Callable[[str, str], Awaitable[Answer]]
"""A path, and the cookie as a browser sends it, empty for none."""


@dataclass(frozen=True)
class Site:
    """``name`` is the library's with its version; ``ours`` where nothing may be lost."""

    name: str
    ask: Ask
    gate: Gate
    ours: bool = False


def wsgi(app: Callable[..., Iterable[bytes]]) -> Ask:
    def call(path: str, cookie: str) -> Answer:
        environ: dict[str, Any] = {"PATH_INFO": path, "HTTP_COOKIE": cookie}
        environ["wsgi.errors"] = io.StringIO()
        setup_testing_defaults(environ)
        started: list[Any] = []
        body = app(environ, lambda status, headers, _=None: started.extend((status, headers)))
        try:
            text = b"".join(body)
        finally:
            getattr(body, "close", lambda: None)()
        status, headers = started
        given = [value for name, value in headers if name.lower() == "set-cookie"]
        return Answer(int(status[:3]), _cookie(given, cookie), text)

    async def ask(path: str, cookie: str) -> Answer:
        return await to_thread.run_sync(call, path, cookie, limiter=THREADS)

    return ask


@asynccontextmanager
async def asgi(app: Callable[..., Awaitable[None]]) -> AsyncIterator[Ask]:
    """Ask it between its startup and its shutdown."""

    async def ask(path: str, cookie: str) -> Answer:
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "http_version": "1.1",
            "headers": [(b"cookie", cookie.encode())] if cookie else [],
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        try:
            await app(scope, receive, send)
        except Exception as error:  # noqa: BLE001  as a server would answer it
            return Answer(500, cookie, repr(error).encode())
        given = [value.decode() for name, value in sent[0]["headers"] if name == b"set-cookie"]
        text = b"".join(message.get("body", b"") for message in sent[1:])
        return Answer(sent[0]["status"], _cookie(given, cookie), text)

    ended, started = anyio.Event(), anyio.Event()
    asked = 0

    async def receive_event() -> dict[str, Any]:
        nonlocal asked
        asked += 1
        if asked == 1:
            return {"type": "lifespan.startup"}
        await ended.wait()
        return {"type": "lifespan.shutdown"}

    async def send_event(message: Any) -> None:
        if message["type"] == "lifespan.startup.failed":
            raise SystemExit(message["message"])
        started.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(app, {"type": "lifespan", "state": {}}, receive_event, send_event)
        await started.wait()
        yield ask
        ended.set()


def _cookie(given: list[str], before: str) -> str:
    # The shop sets no cookie but the session's.
    return given[-1].partition(";")[0].strip() if given else before
