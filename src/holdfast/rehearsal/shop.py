"""The shop: a Python service on Laravel's sessions, the twin of ``laravel_fixture/app/Shop.php``.

It speaks :mod:`holdfast.rehearsal.protocol` and keeps the same keys in the session, so that
replicas of both may share a store.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import cast
from urllib.parse import parse_qsl

import anyio
import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.digest import handle
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec
from holdfast.laravel.php import as_list
from holdfast.rehearsal.csrf import Csrf
from holdfast.rehearsal.protocol import GRACE_SECONDS, MAX_HOLD_MS, PRODUCTS, State
from holdfast.session import Policy, Rules, Session
from holdfast.stores.contract import Store
from holdfast.web.asgi import ASGIApp, LaravelSessionMiddleware, Message, Receive, Scope, Send
from holdfast.web.replay import ATTEMPT, ReplayMiddleware

COOKIE = "laravel_session"
POLICY = Policy(
    grace_seconds=GRACE_SECONDS,
    # A fresh session in its place would look like one that was lost.
    undecodable="refuse",
    rules=Rules(
        counters=frozenset({"count"}),
        lists=frozenset({"cart"}),
        # Two checkouts of one cart are one order: the later one runs again on what is left.
        exclusive=frozenset({"orders"}),
    ),
)
LAST_USER = 1_000_000
"""Each number from 1 on is a user, as in ``laravel_fixture/app/Accounts.php``."""

Form = dict[str, str]
Action = Callable[[Session, Form], None]
Handler = Callable[[Request], Awaitable[Response]]


def create_app(
    store: Store,
    codec: Codec,
    app_key: str,
    replica: str,
    generation: int,
    *,
    previous_keys: Sequence[str] = (),
    handle_key: str | None = None,
    clock: Clock = wall_clock,
) -> ASGIApp:
    """One replica of the shop as an ASGI application.

    Args:
        store, codec: where the sessions are, and how.
        app_key: Laravel's APP_KEY.
        replica, generation: who answers; every answer has them in ``X-Holdfast-Replica`` and
            ``X-Holdfast-Generation``.
        previous_keys: what they sealed is opened too.
        handle_key: what handles of session ids are keyed with; default: the key.
        clock: the time of expiries.

    Raises:
        UsageError: the key does not fit AES-256-CBC.
    """
    encrypter = Encrypter.from_app_key(app_key, previous=previous_keys)
    csrf = Csrf(encrypter, store.lifetime, clock)

    def answer(request: Request) -> Response:
        session = _session(request)
        body = msgspec.json.encode(
            State(
                replica=replica,
                generation=generation,
                session=handle(session.id, (handle_key or app_key).encode()),
                lineage=session.get("lineage"),
                user=cast(int | None, session.user_id()),
                token=session.token,
                cart=_items(session, "cart"),
                orders=_items(session, "orders"),
                count=session.get("count", 0),
                # PHP makes a number of a key that looks like one.
                marks={str(key): value for key, value in session.get("marks", {}).items()},
            )
        )
        response = Response(body, media_type="application/json")
        if cookie := csrf.cookie(request, session.token):
            response.headers.append("set-cookie", cookie)
        return response

    def handler(action: Action) -> Handler:
        async def handled(request: Request) -> Response:
            session = _session(request)
            body = (await request.body()).decode(errors="replace")
            form = dict(parse_qsl(body, keep_blank_values=True))
            csrf.require(request, form, session.accepts)
            await _hold(request, form)
            action(session, form)
            await request.scope["session.save"]()
            return answer(request)

        return handled

    async def state(request: Request) -> Response:
        await _hold(request, {})
        return answer(request)

    application = Starlette(
        routes=[
            Route("/healthz", _healthz),
            Route("/catalogue", _catalogue),
            Route("/state", state),
            *(Route(f"/{kind}", handler(act), methods=["POST"]) for kind, act in ACTIONS.items()),
        ]
    )
    sessions = LaravelSessionMiddleware(
        application,
        store=store,
        codec=codec,
        encrypter=encrypter,
        cookie=COOKIE,
        except_paths=["/healthz"],
        policy=POLICY,
        clock=clock,
    )
    return _Signed(ReplayMiddleware(sessions), replica, generation)


def _open(session: Session, form: Form) -> None:
    if session.get("lineage") is None:
        session["lineage"] = _field(form, "lineage")


def _login(session: Session, form: Form) -> None:
    text = _field(form, "user").strip()
    if not re.fullmatch(r"\+?[1-9][0-9]{0,6}", text) or int(text) > LAST_USER:
        raise HTTPException(422, "no such user")
    session.login(int(text))
    session.regenerate()


def _cart(session: Session, form: Form) -> None:
    session["cart"] = [*_items(session, "cart"), _field(form, "item")]


def _count(session: Session, _: Form) -> None:
    session["count"] = session.get("count", 0) + 1


def _mark(session: Session, form: Form) -> None:
    session["marks"] = {**session.get("marks", {}), _field(form, "key"): _field(form, "value")}


def _checkout(session: Session, _: Form) -> None:
    session["orders"] = [*_items(session, "orders"), *_items(session, "cart")]
    session["cart"] = []


def _logout(session: Session, _: Form) -> None:
    session.logout()
    session.invalidate()
    session.regenerate_token()


ACTIONS: dict[str, Action] = {
    "open": _open,
    "login": _login,
    "cart": _cart,
    "count": _count,
    "mark": _mark,
    "checkout": _checkout,
    "logout": _logout,
}
"""What a POST does to a session; pure, so that it can be run again on newer attributes."""


async def _healthz(_: Request) -> Response:
    return PlainTextResponse("ok")


async def _catalogue(_: Request) -> Response:
    return Response(msgspec.json.encode(PRODUCTS), media_type="application/json")


def _session(request: Request) -> Session:
    return cast(Session, request.scope["session"])


def _items(session: Session, key: str) -> list[str]:
    return cast(list[str], as_list(session.get(key, [])))


def _field(form: Form, name: str) -> str:
    if name not in form:
        raise HTTPException(422, f"the field {name} is missing")
    return form[name]


async def _hold(request: Request, form: Form) -> None:
    # A replay is not held again. The hold stands for a slow query, which opens the window for other
    # requests of the browser once; held each time, requests of one length would conflict for ever.
    if request.scope.get(ATTEMPT, 0) == 0:
        # PHP's (int): the number that the text begins with.
        number = re.match(
            r"\s*[+-]?[0-9]{1,9}", form.get("ms") or request.query_params.get("ms", "")
        )
        await anyio.sleep(min(MAX_HOLD_MS, max(0, int(number[0]) if number else 0)) / 1000)


class _Signed:
    """Puts the replica's name on every answer, those of the layers below it included."""

    def __init__(self, app: ASGIApp, replica: str, generation: int) -> None:
        self._app = app
        self._headers = [
            (b"x-holdfast-replica", replica.encode()),
            (b"x-holdfast-generation", b"%d" % generation),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *self._headers]}
            await send(message)

        await self._app(scope, receive, signed)
