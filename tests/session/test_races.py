"""Requests of one browser that race, through the middleware, on every store."""

from __future__ import annotations

import base64
import itertools

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
    await held(request)
    request.session.login(7)
    request.session.regenerate()
    return JSONResponse("in")


async def renew(request):
    await held(request)
    request.session.regenerate()
    return JSONResponse("renewed")


async def logout(request):
    await held(request)
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
    Route("/renew", renew),
    Route("/logout", logout),
    Route("/put/{key}", put),
    Route("/count", count),
    Route("/look", look),
]


class Gate:
    """Where requests wait with their sessions loaded and not yet saved."""

    def __init__(self):
        self._waiting = 0
        self._come = anyio.Condition()
        self._opened = anyio.Event()

    async def hold(self):
        async with self._come:
            self._waiting += 1
            self._come.notify_all()
        await self._opened.wait()

    async def waits_for(self, requests):
        """Until so many are held."""
        async with self._come:
            while self._waiting < requests:
                await self._come.wait()

    def open(self):
        self._opened.set()

    async def open_at(self, requests):
        await self.waits_for(requests)
        self.open()


async def held(request):
    gate = request.scope["gate"]
    if gate is not None:
        await gate.hold()


class Site:
    """The application, asked without a server between."""

    def __init__(self, store, **options):
        rules = Rules(counters=frozenset({"cart.count"}), lists=frozenset({"cart.items"}))
        self.app = LaravelSessionMiddleware(
            Starlette(routes=ROUTES),
            store=store,
            codec=Codec(store.form),
            encrypter=ENCRYPTER,
            cookie=COOKIE,
            policy=Policy(rules=rules, **options),
        )

    async def get(self, path, cookie=None, gate=None):
        """Status, the cookie that was set or None, and the body; handlers wait at the gate."""
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "scheme": "http",
            "http_version": "1.1",
            "gate": gate,
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


async def logged_in(site, cookies):
    """Those of some cookies, None among them for none, with which somebody is logged in."""
    bodies = {cookie: (await site.get("/look", cookie))[2] for cookie in cookies if cookie}
    return [cookie for cookie, body in bodies.items() if login_key().encode() in body]


@pytest.fixture(params=[10, 0], ids=["grace", "no grace"])
def moving_site(store, request):
    """The application, with and without a time in which old ids lead to new ones."""
    return Site(store, grace_seconds=request.param)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("others", [["/login"], ["/renew"], ["/renew", "/login"]])
async def test_a_logout_is_not_undone_by_a_new_id(moving_site, others):
    """All of them have loaded the session when the first one saves it; none fails."""
    site = moving_site
    for paths in [*itertools.permutations(["/logout", *others])] * 3:
        _, cookie, _ = await site.get("/login")
        gate = Gate()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(gate.open_at, len(paths))
            answers = await together(*[(site, path, cookie, gate) for path in paths])
        assert {status for status, _, _ in answers} == {200}
        assert await logged_in(site, [cookie, *(given for _, given, _ in answers)]) == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("hops", [1, 2, 3])
@pytest.mark.parametrize("racing", [False, True], ids=["after", "racing"])
async def test_a_logout_reaches_a_session_that_has_moved(moving_site, hops, racing):
    """It has loaded the session before the first new id, and saves after the last or with it."""
    site = moving_site
    for _ in range(5):
        given = [(await site.get("/login"))[1]]
        gate = Gate()

        async def move(gate=gate, given=given):
            await gate.waits_for(1)
            for _ in range(hops):
                given.append((await site.get("/renew", given[-1]))[1])
            if racing:
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(renew_held)
                    await gate.waits_for(2)
                    gate.open()
            gate.open()

        async def renew_held(gate=gate, given=given):
            given.append((await site.get("/renew", given[-1], gate))[1])

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(move)
            status, out, _ = await site.get("/logout", given[0], gate)
        assert status == 200
        assert len(given) == 1 + hops + racing
        assert await logged_in(site, [*given, out]) == []


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
