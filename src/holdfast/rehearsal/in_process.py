"""Sends requests into an ASGI application of this process, without a network."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from holdfast.rehearsal.client import NoAnswer, Response
from holdfast.web.asgi import ASGIApp, Message


class InProcess:
    """A :class:`holdfast.rehearsal.client.Client`; an exception in the application is a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def wait_turn(self) -> None:
        """Whenever it likes."""

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        """See :meth:`holdfast.rehearsal.client.Client.send`."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()],
            "server": ("in-process", 80),
            "client": ("127.0.0.1", 1),
        }
        request: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
        answer: list[Message] = []

        async def receive() -> Message:
            if not request:
                await anyio.sleep_forever()
            return request.pop()

        async def send(message: Message) -> None:
            answer.append(message)

        try:
            with anyio.fail_after(timeout):
                await self._app(scope, receive, send)
        except TimeoutError as error:
            raise NoAnswer("no whole answer in time", sent=True) from error
        except Exception:  # noqa: BLE001 - what a server does with an application's bug
            return Response(500, [], b"")
        start, *parts = answer
        return Response(
            start["status"],
            [(k.decode("latin-1"), v.decode("latin-1")) for k, v in start["headers"]],
            b"".join(part.get("body", b"") for part in parts),
        )
