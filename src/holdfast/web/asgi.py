"""Laravel's sessions for ASGI applications: the same cookie, key and store as the PHP replicas.

As Laravel's StartSession (Illuminate/Session/Middleware/StartSession.php), with four differences:
the save is conditional and merged by key with those of parallel requests, nothing is written and no
cookie is set where nothing changed, an id that the store does not know is never adopted, and bytes
that cannot be read are set aside before a fresh session takes their place.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, Iterable, MutableMapping
from contextlib import AsyncExitStack
from functools import partial
from typing import Any, Literal, TypeAlias

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.digest import handle
from holdfast.core.errors import SessionGone, StoreError, StoreUnavailable
from holdfast.core.flow import APerform, Flow, arun
from holdfast.laravel import cookies
from holdfast.laravel.config import SameSite
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec
from holdfast.session import Policy, Session, load, save
from holdfast.session.commit import is_changed
from holdfast.session.grace import Shown
from holdfast.session.policy import DEFAULT
from holdfast.stores.contract import Facts, Store

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

_XSRF = "XSRF-TOKEN"
_PRIVATE = b"no-cache, private"
_logger = logging.getLogger(__name__)


class LaravelSessionMiddleware:
    """Gives each request its session as ``scope["session"]``, and saves it.

    A request's session is loaded before the application sees it and saved before the response
    starts: a write is durable when the client reads the answer. What is changed later, in a
    streamed body or a background task, is not stored, as in Laravel. A response that the
    application makes of an error is a response: its session is saved too. An exception that leaves
    the application saves nothing. A websocket gets the session as it was at the handshake; it is
    never saved.

    ``await scope["session.save"]()`` saves at once: the session then holds what parallel requests
    have saved meanwhile, merged, so that the answer can show it. Where nothing is changed after
    that, nothing more is written when the response starts.

    The store is connected at the server's startup, or at the first request where the server sends
    no lifespan events; it is closed at shutdown. Where it is not reachable at startup the
    application starts anyway, and each request tries again; a store that is set up wrongly fails
    the startup.

    Args:
        app: the application.
        store: where the sessions are; its lifetime is the cookie's.
        codec: what reads and writes their bytes.
        encrypter: the application's, for the cookie.
        cookie: the session cookie's name, ``session.cookie``.
        path, domain, http_only, same_site, partitioned: as in ``config/session.php``.
        secure: None: on HTTPS only.
        expire_on_close: the cookie ends with the browser.
        policy: how saves are merged with those of parallel requests.
        gone: what becomes of a request whose session was ended meanwhile, by a logout as a rule,
            and that has changed it. ``answer``: its response goes out, without a cookie; its
            changes to the session are dropped. ``raise``: SessionGone.
        guard: whose user the database store notes beside the session.
        except_paths: paths that have no session, exactly as in the URL: probes would make one each.
        clock: the time of expiries.

    Raises:
        SessionConflict, SessionGone, SaveUnknown, Undecodable, StoreError: out of ``__call__``,
            always before the response has started, so that an outer layer may answer or run the
            request again. No cookie is set then.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: Store,
        codec: Codec,
        encrypter: Encrypter,
        cookie: str,
        path: str = "/",
        domain: str | None = None,
        secure: bool | None = None,
        http_only: bool = True,
        same_site: SameSite | None = "lax",
        partitioned: bool = False,
        expire_on_close: bool = False,
        policy: Policy = DEFAULT,
        gone: Literal["answer", "raise"] = "answer",
        guard: str = "web",
        except_paths: Collection[str] = (),
        clock: Clock = wall_clock,
    ) -> None:
        self._app = app
        self._connection = _Connection(store)
        self._codec = codec
        self._lifetime = store.lifetime
        self._encrypter = encrypter
        self._name = cookie
        self._path = path
        self._domain = domain
        self._secure = secure
        self._http_only = http_only
        self._same_site = same_site
        self._partitioned = partitioned
        self._expire_on_close = expire_on_close
        self._policy = policy
        self._gone = gone
        self._guard = guard
        self._except_paths = frozenset(except_paths)
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        match scope["type"]:
            case "lifespan":
                await self._live(scope, receive, send)
            case "http" if scope["path"] not in self._except_paths:
                await self._respond(scope, receive, send)
            case "websocket" if scope["path"] not in self._except_paths:
                session = await self._load(scope, await self._connection.perform())
                await self._app({**scope, "session": session}, receive, send)
            case _:
                await self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._connection.perform()
        except StoreUnavailable as error:
            _logger.warning("starting without the session store: %s", error)
        except StoreError as error:
            # Raised, it would pass for «this application knows no lifespan».
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        try:
            await self._app(scope, receive, send)
        finally:
            await self._connection.close()

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        perform = await self._connection.perform()
        session = await self._load(scope, perform)
        failure: Exception | None = None
        saved = tell = False

        async def save_now() -> None:
            nonlocal failure, saved, tell
            try:
                tell = await arun(self._flow(scope, session), perform) or tell
            except Exception as error:
                failure = error
                raise
            saved = True

        async def save_and_send(message: Message) -> None:
            nonlocal failure
            if failure is not None:
                raise failure
            if message["type"] == "http.response.start":
                try:
                    if not saved or is_changed(session, self._codec):
                        await save_now()
                except SessionGone:
                    if self._gone == "raise":
                        raise
                    # Whoever ended it meant it: nothing comes back, and no cookie is set for it.
                    _logger.info("a session ended under a request; what that changed is dropped")
                    failure = None
                else:
                    self._say_conflicts(session)
                    message = self._with_cookie(scope, session, message) if tell else message
            await send(message)

        inner = {**scope, "session": session, "session.save": save_now}
        try:
            await self._app(inner, receive, save_and_send)
        except Exception:
            if failure is None:
                raise
        # What the application made of it does not count: it may have wrapped the error, or answered
        # it with a response that was not sent.
        if failure is not None:
            raise failure

    async def _load(self, scope: Scope, perform: APerform) -> Session:
        wire = _cookie(scope["headers"], self._name.encode())
        opened = None if wire is None else cookies.open(self._encrypter, self._name, wire)
        if wire is None or opened is None:
            return await arun(load(None, self._codec, policy=self._policy), perform)
        shown = Shown(wire.encode("latin-1"), self._shown_token(scope["headers"]))
        return await arun(
            load(opened.value, self._codec, shown=shown, policy=self._policy), perform
        )

    def _shown_token(self, headers: Headers) -> str | None:
        """The page's token, as VerifyCsrfToken takes it (Illuminate/Foundation/Http/Middleware).

        From a header, else from the cookie that scripts take it from. A form's field is the
        application's to read.
        """
        plain = _header(headers, b"x-csrf-token")
        if plain:
            return plain.decode("latin-1")
        sealed = _header(headers, b"x-xsrf-token")
        wire = _cookie(headers, _XSRF.encode()) if sealed is None else sealed.decode("latin-1")
        opened = None if wire is None else cookies.open(self._encrypter, _XSRF, wire)
        return None if opened is None else opened.value

    def _flow(self, scope: Scope, session: Session) -> Flow[bool]:
        return save(
            session,
            self._codec,
            lifetime=self._lifetime,
            now=self._clock(),
            facts=partial(self._facts, scope),
            policy=self._policy,
        )

    def _with_cookie(self, scope: Scope, session: Session, start: Message) -> Message:
        headers = [*start.get("headers", ()), (b"set-cookie", self._set_cookie(scope, session))]
        if _header(headers, b"cache-control") is None:
            # As Symfony: a shared cache must not hand one visitor's cookie to the next.
            headers.append((b"cache-control", _PRIVATE))
        return {**start, "headers": headers}

    def _facts(self, scope: Scope, session: Session) -> Facts:
        client = scope.get("client")
        agent = _header(scope["headers"], b"user-agent")
        return Facts(
            user_id=session.user_id(self._guard),
            ip_address=client[0] if client else None,
            user_agent=None if agent is None else agent.decode("utf-8", "replace"),
        )

    def _say_conflicts(self, session: Session) -> None:
        if session.conflicts:
            known_by = handle(session.id, self._encrypter.keys[0])
            keys = ", ".join(session.conflicts)
            _logger.info("session %s: the later save won at: %s", known_by, keys)

    def _set_cookie(self, scope: Scope, session: Session) -> bytes:
        return cookies.set_cookie(
            self._name,
            cookies.seal(self._encrypter, self._name, session.id),
            now=self._clock(),
            lifetime=None if self._expire_on_close else self._lifetime,
            path=self._path,
            domain=self._domain,
            secure=scope.get("scheme") == "https" if self._secure is None else self._secure,
            http_only=self._http_only,
            same_site=self._same_site,
            partitioned=self._partitioned,
        ).encode("latin-1")


class _Connection:
    """The store, connected once for all requests of an application."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._opened: tuple[APerform, AsyncExitStack] | None = None

    async def perform(self) -> APerform:
        """What performs the flows; connects where that has not succeeded yet."""
        if self._opened is None:
            # Without a lock: while the store is down, requests must not queue for its timeout.
            stack = AsyncExitStack()
            perform = await stack.enter_async_context(self._store.aconnect())
            if self._opened is None:
                self._opened = perform, stack
            else:
                await stack.aclose()
        return self._opened[0]

    async def close(self) -> None:
        """Close it; a later request connects again."""
        if self._opened is not None:
            _, stack = self._opened
            self._opened = None
            await stack.aclose()


def _cookie(headers: Headers, name: bytes) -> str | None:
    """A cookie's value as it came; of several, the first, as PHP takes it."""
    for field, value in headers:
        if field == b"cookie":
            for pair in value.split(b";"):
                key, equals, text = pair.strip().partition(b"=")
                if equals and key == name:
                    return text.decode("latin-1")
    return None


def _header(headers: Headers, name: bytes) -> bytes | None:
    return next((value for field, value in headers if field.lower() == name), None)
