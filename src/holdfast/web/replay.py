"""Runs a request again when somebody else saved its session meanwhile; answers what cannot be.

For applications whose handlers are pure functions of the session's attributes: a handler that also
charged a card would charge it again.
"""

from __future__ import annotations

import itertools
import logging
import random

import anyio
import msgspec

from holdfast.core.errors import (
    AuthConflict,
    HoldfastError,
    SaveUnknown,
    SessionConflict,
    SessionGone,
    SessionLocked,
    StoreError,
    Undecodable,
)
from holdfast.web.asgi import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 64 * 1024
"""Largest request body that is kept for a replay; a form has some hundred bytes as a rule."""

PAUSE_SECONDS = 0.005
"""Longest pause before the first replay; doubled for each further one. Jitter keeps the requests of
one browser from meeting again and again."""

ATTEMPT = "holdfast.attempt"
"""Key in the scope: how often this request has been run before, 0 at first."""

_logger = logging.getLogger(__name__)


class ReplayMiddleware:
    """Outermost ASGI layer around session and application.

    ==========================================  ====================================================
    SessionConflict                             the request is run again; 409 after the last replay
    AuthConflict                                409: run again, it would log the other user out
    SessionGone                                 409: run again, it would start a new session
    SessionLocked                               423: it has waited long enough
    StoreError, SaveUnknown, Undecodable        503
    ==========================================  ====================================================

    The answers are JSON, ``{"error": ...}``, in words that tell a stranger nothing about the store;
    what is wrong with it is logged. Other exceptions, and any after the response has started, are
    raised on.

    Args:
        app: the application with its session middleware.
        replays: how often a request is run again.
    """

    def __init__(self, app: ASGIApp, replays: int = 5) -> None:
        self._app = app
        self._replays = replays

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _body(receive)
        if body is None:
            return
        if len(body) > MAX_BODY_BYTES:
            await _answer(send, 413, f"the body has more than {MAX_BODY_BYTES} bytes")
            return
        for attempt in itertools.count():
            started = _Started(send)
            try:
                await self._app({**scope, ATTEMPT: attempt}, _replayed(body, receive), started)
            except HoldfastError as error:
                status = _status(error)
                if started or status is None:
                    raise
                if isinstance(error, SessionConflict) and attempt < self._replays:
                    await anyio.sleep(random.uniform(0, PAUSE_SECONDS * 2**attempt))
                    continue
                if status == 503:
                    _logger.warning("a request was answered 503: %s", error.in_full)
                await _answer(send, status, _words(error))
            return


class _Started:
    """A ``send`` that knows, by its truth, whether the response has started."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._started = False

    def __bool__(self) -> bool:
        return self._started

    async def __call__(self, message: Message) -> None:
        self._started = self._started or message["type"] == "http.response.start"
        await self._send(message)


def _status(error: HoldfastError) -> int | None:
    match error:
        case SessionConflict() | AuthConflict() | SessionGone():
            return 409
        case SessionLocked():
            return 423
        case StoreError() | SaveUnknown() | Undecodable():
            return 503
    return None


def _words(error: HoldfastError) -> str:
    match error:
        case SessionConflict():
            return "other requests kept changing this session; nothing was written, try again"
        case AuthConflict():
            return "another request has logged somebody else in; nothing was written"
        case SessionLocked():
            return "another request has held this session for too long; nothing was done, try again"
        case SessionGone():
            return "this session has ended; nothing was written"
        case SaveUnknown():
            return "it is not known whether this was saved; load the page again and look"
        case Undecodable():
            return "this session cannot be read; nothing was written"
    return "sessions are not available just now; nothing was written, try again"


async def _body(receive: Receive) -> bytes | None:
    """The request's body, or what of it exceeds the limit; None: the client has gone."""
    body = b""
    while len(body) <= MAX_BODY_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            break
    return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives the body at once, then what the server has to say."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed


async def _answer(send: Send, status: int, error: str) -> None:
    body = msgspec.json.encode({"error": error})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
