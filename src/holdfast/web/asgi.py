"""Laravel's sessions for ASGI applications: the same cookie, key and store as the PHP replicas.

As Laravel's StartSession (Illuminate/Session/Middleware/StartSession.php), with four differences:
the save is conditional and merged by key with those of parallel requests, nothing is written and no
cookie is set where nothing changed, an id that the store does not know is never adopted, and bytes
that cannot be read are set aside before a fresh session takes their place.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from typing import Any, Literal, TypeAlias, get_args

from holdfast.core.arguments import require_choice, require_texts
from holdfast.core.clock import Clock, wall_clock
from holdfast.core.errors import SessionGone, StoreError, StoreUnavailable
from holdfast.core.flow import APerform, Flow, arun
from holdfast.laravel import cookies
from holdfast.laravel.config import SameSite
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Codec
from holdfast.session import Policy, Session, load, save
from holdfast.session.commit import is_changed
from holdfast.session.policy import DEFAULT
from holdfast.stores.contract import Facts, Store
from holdfast.web.carried import Carried, Unopened, carried, header
from holdfast.web.connection import Connection
from holdfast.web.lock import GiveBack, LockPolicy, held, not_held
from holdfast.web.log import Log

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
ASGIApp: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

Gone: TypeAlias = Literal["answer", "raise"]

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
        locks: which requests take Laravel's session lock, from before the session is read until it
            was saved; None: no request does.
        gone: what becomes of a request whose session was ended meanwhile, by a logout as a rule,
            and that has changed it. ``answer``: its response goes out, without a cookie; its
            changes to the session are dropped. ``raise``: SessionGone. Default: ``answer`` where
            the store remembers what became of an id (`Store.beside`). Elsewhere a login looks like
            a logout to requests in flight, and a dropped change must not look like a kept one.
        guard: whose user the database store notes beside the session.
        except_paths: paths that have no session, exactly as in the URL: probes would make one each.
        clock: the time of expiries.

    Raises:
        UsageError: an argument that cannot be, or a level that the store can never hold.
        SessionConflict, SessionGone, SessionLocked, SaveUnknown, Undecodable, StoreError: out of
            ``__call__``, always before the response has started, so that an outer layer may answer
            or run the request again. No cookie is set then.
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
        locks: LockPolicy | None = None,
        gone: Gone | None = None,
        guard: str = "web",
        except_paths: Collection[str] = (),
        clock: Clock = wall_clock,
    ) -> None:
        if gone is not None:
            require_choice("gone", gone, get_args(Gone))
        require_texts("except_paths", except_paths, start="/")
        policy.levels.require_of(store)
        self._app = app
        self._connection = Connection(store)
        self._locks = locks
        self._lock_connection = None if locks is None else Connection(locks.locks)
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
        self._gone = gone or ("answer" if store.beside else "raise")
        self._guard = guard
        self._except_paths = frozenset(except_paths)
        self._clock = clock
        self._log = Log(encrypter.keys[0], clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI interface."""
        match scope["type"]:
            case "lifespan":
                await self._live(scope, receive, send)
            case "http" if scope["path"] not in self._except_paths:
                came = self._carried(scope)
                async with await self._lock(scope, came) as give_back:
                    await self._respond(scope, receive, send, came, give_back)
            case "websocket" if scope["path"] not in self._except_paths:
                perform = await self._connection.perform()
                session = await self._load(self._carried(scope), perform)
                await self._app({**scope, "session": session}, receive, send)
            case _:
                await self._app(scope, receive, send)

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        connections = [c for c in (self._connection, self._lock_connection) if c is not None]
        try:
            for connection in connections:
                try:
                    await connection.perform()
                except StoreUnavailable as error:
                    _logger.warning(
                        "starting without a store of sessions or locks: %s", error.in_full
                    )
                except StoreError as error:
                    # Raised, it would pass for «this application knows no lifespan».
                    await receive()
                    await send({"type": "lifespan.startup.failed", "message": error.in_full})
                    return
            await self._app(scope, receive, send)
        finally:
            for connection in connections:
                await connection.close()

    async def _lock(
        self, scope: Scope, came: Carried | None
    ) -> AbstractAsyncContextManager[GiveBack]:
        if came is None or self._locks is None or self._lock_connection is None:
            return not_held()
        if not (is_session_id(came.sid) and self._locks.applies(scope)):
            return not_held()
        return held(await self._lock_connection.perform(), came.sid, self._locks.limits)

    async def _respond(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        came: Carried | None,
        give_back: GiveBack,
    ) -> None:
        perform = await self._connection.perform()
        session = await self._load(came, perform)
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
                    ended = session.record
                    self._log.ended_meanwhile(session.id if ended is None else ended.sid)
                    failure = None
                else:
                    if session.conflicts:
                        self._log.later_save_won(session.id, session.conflicts)
                    message = self._with_cookie(scope, session, message) if tell else message
                # Before the client can answer: its next request need not wait then.
                await give_back()
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

    def _carried(self, scope: Scope) -> Carried | None:
        came = carried(scope["headers"], self._encrypter, self._name)
        if isinstance(came, Unopened):
            self._policy.metrics.count("cookie_not_opened")
            self._log.cookie_not_opened()
            return None
        return came

    async def _load(self, came: Carried | None, perform: APerform) -> Session:
        sid, shown = (None, None) if came is None else (came.sid, came.shown)
        loading = load(
            sid, self._codec, shown=shown, policy=self._policy, unreadable=self._log.unreadable
        )
        return await arun(loading, perform)

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
        if header(headers, b"cache-control") is None:
            # As Symfony: a shared cache must not hand one visitor's cookie to the next.
            headers.append((b"cache-control", _PRIVATE))
        return {**start, "headers": headers}

    def _facts(self, scope: Scope, session: Session) -> Facts:
        client = scope.get("client")
        agent = header(scope["headers"], b"user-agent")
        return Facts(
            user_id=session.user_id(self._guard),
            ip_address=client[0] if client else None,
            user_agent=None if agent is None else agent.decode("utf-8", "replace"),
        )

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
