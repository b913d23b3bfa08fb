"""Requests of one browser that race, through the middleware, on every store."""

from __future__ import annotations

import base64

import anyio
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.names import login_key
from holdfast.laravel.payload import Codec
from holdfast.session import Policy, Rules
from holdfast.stores.contract import Find, Found
from holdfast.web.asgi import LaravelSessionMiddleware

pytestmark = pytest.mark.anyio

COOKIE = "laravel_session"
ENCRYPTER = Encrypter.from_app_key("base64:" + base64.b64encode(b"k" * 32).decode())
WRITERS = 40
ROUNDS, IN_FLIGHT = 125, 8  # 1,000 requests in flight at a logout


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def login(request):
    request.session.login(7)
    request.session.regenerate()
    return JSONResponse("in")


async def logout(request):
    request.session.logout()
    request.session.invalidate()
    request.session.regenerate_token()
    return JSONResponse("out")


async def put(request):
    await anyio.lowlevel.checkpoint()
    request.session[request.path_params["key"]] = 1
    return JSONResponse("put")


async def count(request):
    await anyio.lowlevel.checkpoint()
    request.session.increment("cart.count")
    request.session.push("cart.items", request.session["cart"]["count"])
    return JSONResponse("counted")


async def look(request):
    return JSONResponse({str(key): value for key, value in request.session.items()})


ROUTES = [
    Route("/login", login),
    Route("/logout", logout),
    Route("/put/{key}", put),
    Route("/count", count),
    Route("/look", look),
]


class Site:
    """The application, asked without a server between."""

    def __init__(self, store):
        rules = Rules(counters=frozenset({"cart.count"}), lists=frozenset({"cart.items"}))
        self.app = LaravelSessionMiddleware(
            Starlette(routes=ROUTES),
            store=store,
            codec=Codec(store.form),
            encrypter=ENCRYPTER,
            cookie=COOKIE,
            policy=Policy(rules=rules),
        )

    async def get(self, path, cookie=None):
        """Status, the cookie that was set or None, and the body."""
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "http_version": "1.1",
            "headers": [] if cookie is None else [(b"cookie", f"{COOKIE}={cookie}".encode())],
        }
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            sent.append(message)

        await self.app(scope, receive, send)
        headers = dict(sent[0]["headers"])
        given = headers.get(b"set-cookie", b"").decode().partition(";")[0].partition("=")[2]
        return sent[0]["status"], given or None, b"".join(m.get("body", b"") for m in sent[1:])


@pytest.fixture
def site(store):
    return Site(store)


def session_of(store, cookie):
    """What is stored of a browser; None for nothing."""
    sid = cookies.open(ENCRYPTER, COOKIE, cookie).value
    with store.connect() as perform:
        found = perform(Find(sid))
    return dict(Codec(store.form).loads(found.data)) if isinstance(found, Found) else None


async def together(*requests):
    answers = [None] * len(requests)

    async def one(number, site, *args):
        answers[number] = await site.get(*args)

    async with anyio.create_task_group() as tasks:
        for number, request in enumerate(requests):
            tasks.start_soon(one, number, *request)
    return answers


async def test_writers_to_different_keys_lose_nothing(site, store):
    _, cookie, _ = await site.get("/put/first")
    answers = await together(*[(site, f"/put/k{n}", cookie) for n in range(WRITERS)])
    assert {status for status, _, _ in answers} == {200}
    stored = session_of(store, cookie)
    assert {f"k{n}" for n in range(WRITERS)} <= set(stored)


async def test_declared_counters_and_lists_lose_nothing(site, store):
    _, cookie, _ = await site.get("/put/first")
    answers = await together(*[(site, "/count", cookie)] * WRITERS)
    assert {status for status, _, _ in answers} == {200}
    cart = session_of(store, cookie)["cart"]
    assert cart["count"] == len(cart["items"]) == WRITERS


@pytest.mark.timeout(300)
async def test_a_logout_is_not_undone_by_requests_in_flight(site, store):
    """And none of them fails for it."""
    for _ in range(ROUNDS):
        _, cookie, _ = await site.get("/login")
        requests = [(site, f"/put/k{n}", cookie) for n in range(IN_FLIGHT)]
        half = IN_FLIGHT // 2
        answers = await together(*requests[:half], (site, "/logout", cookie), *requests[half:])
        assert {status for status, _, _ in answers} == {200}
        out = answers[half][1]
        assert session_of(store, cookie) is None
        for _, given, _ in answers:
            # Whatever cookie arrives last, nobody is logged in with it.
            _, _, body = await site.get("/look", given or out)
            assert login_key().encode() not in body


async def test_a_login_is_not_undone_by_requests_in_flight(site, store):
    """All of them are led to the new session, and what they wrote is in it."""
    for _ in range(10):
        _, cookie, _ = await site.get("/put/first")
        requests = [(site, f"/put/k{n}", cookie) for n in range(IN_FLIGHT)]
        half = IN_FLIGHT // 2
        answers = await together(*requests[:half], (site, "/login", cookie), *requests[half:])
        assert {status for status, _, _ in answers} == {200}
        given = [cookie for _, cookie, _ in answers if cookie is not None]
        assert answers[half][1] in given
        for late in given:
            stored = session_of(store, late)
            assert stored[login_key()] == 7
            assert {f"k{n}" for n in range(IN_FLIGHT)} <= set(stored)
        assert session_of(store, cookie) is None
