"""What the middleware logs: once a minute of each kind, nothing that is secret, nothing forged."""

from __future__ import annotations

import base64
import logging

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from holdfast.core.digest import handle
from holdfast.core.errors import Undecodable
from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec
from holdfast.session import Policy
from holdfast.stores.contract import Commit, Find
from holdfast.stores.memory import MemoryStore
from holdfast.testing import ManualClock
from holdfast.web.asgi import LaravelSessionMiddleware
from holdfast.web.log import NAME_CHARACTERS, NAMES, quoted

pytestmark = pytest.mark.anyio

COOKIE = "laravel-session"
SID = "U" * 40
BROKEN = b"a:1:{broken secret"


def key(letter):
    return Encrypter.from_app_key("base64:" + base64.b64encode(letter * 32).decode())


OURS, OTHER = key(b"k"), key(b"o")


class Counted:
    def __init__(self):
        self.events = []

    def count(self, event, **labels):
        self.events.append((event, labels))


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(clock):
    return MemoryStore(clock=clock)


@pytest.fixture
def metrics():
    return Counted()


@pytest.fixture
def visit(store, clock, metrics, caplog):
    """Visits once with a cookie that holds an id; the lines that this logged."""
    caplog.set_level("INFO", "holdfast.web")

    def service(**options):
        async def look(request):
            request.session.get("cart")
            return PlainTextResponse("seen")

        app = LaravelSessionMiddleware(
            Starlette(routes=[Route("/", look)]),
            store=store,
            codec=Codec(store.form),
            encrypter=OURS,
            cookie=COOKIE,
            clock=clock,
            policy=Policy(metrics=metrics, **options),
        )

        async def visit(wire=None, *, sid=SID, encrypter=OURS):
            wire = cookies.to_wire(cookies.seal(encrypter, COOKIE, sid)) if wire is None else wire
            caplog.clear()
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://site") as client:
                await client.get("/", headers={"cookie": f"{COOKIE}={wire}"} if wire else {})
            return [(record.levelno, record.getMessage()) for record in caplog.records]

        return visit

    return service


def put(store, sid, data=BROKEN):
    with store.connect() as perform:
        perform(Commit(sid, None, data, store.clock() + 7200))


async def test_a_cookie_that_no_key_opens(visit, metrics):
    [(level, line)] = await visit()(encrypter=OTHER)
    assert level == logging.WARNING
    assert line.startswith("cookie_not_opened: ")
    assert "left out" not in line
    assert metrics.events == [("cookie_not_opened", {})]


@pytest.mark.parametrize("wire", ["", None])
async def test_no_cookie_and_one_of_ours_are_no_news(visit, metrics, wire):
    assert await visit()(wire) == []
    assert metrics.events == []


async def test_a_minute_has_one_line_of_a_kind_and_the_next_one_says_how_many_it_left_out(
    visit, clock, metrics, store
):
    visit = visit()
    assert len(await visit(encrypter=OTHER)) == 1
    for _ in range(3):
        assert await visit("garbage") == []
    clock.advance(59)
    assert await visit("garbage") == []
    put(store, SID)
    assert len(await visit()) == 1  # another kind
    clock.advance(1)
    [(_, line)] = await visit("garbage")
    assert line.endswith(" (4 left out)")
    clock.advance(60)
    [(_, line)] = await visit("garbage")
    assert "left out" not in line
    assert len([event for event, _ in metrics.events if event == "cookie_not_opened"]) == 7


async def test_bytes_that_are_set_aside(visit, store, metrics):
    put(store, SID)
    [(level, line)] = await visit()()
    assert level == logging.WARNING
    assert line.startswith(f"set_aside: session {handle(SID, OURS.keys[0])} ")
    assert "(serialization)" in line
    assert SID not in line
    assert "secret" not in line
    assert metrics.events == [("undecodable", {"reason": "serialization"})]


async def test_bytes_that_cannot_be_set_aside(visit, store, metrics, caplog):
    put(store, SID)
    with pytest.raises(Undecodable):
        await visit(undecodable="refuse")()
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"not_set_aside: session {handle(SID, OURS.keys[0])} ")
    assert SID not in line
    assert [event for event, _ in metrics.events] == ["undecodable", "not_set_aside"]


async def test_names_that_visitors_choose_forge_no_line(store, clock, caplog):
    """Two requests change the same attributes, of which one is called as a line of the log."""
    caplog.set_level("INFO", "holdfast.web")
    forged = "cart\n2026-11-27 ERROR " + "x" * 1000

    async def put_it(request):
        with store.connect() as perform:
            base = perform(Find(SID))
            theirs = Codec(store.form).loads(base.data)
            theirs[forged] = "theirs"
            perform(Commit(SID, base, Codec(store.form).dumps(theirs), base.expires_at))
        request.session[forged] = "ours"
        return PlainTextResponse("saved")

    app = LaravelSessionMiddleware(
        Starlette(routes=[Route("/", put_it)]),
        store=store,
        codec=Codec(store.form),
        encrypter=OURS,
        cookie=COOKIE,
        clock=clock,
    )
    put(store, SID, Codec(store.form).dumps(Codec(store.form).new()))
    wire = cookies.to_wire(cookies.seal(OURS, COOKIE, SID))
    transport = httpx2.ASGITransport(app=app)
    async with httpx2.AsyncClient(transport=transport, base_url="http://site") as client:
        assert (await client.get("/", headers={"cookie": f"{COOKIE}={wire}"})).text == "saved"
    [line] = [record.getMessage() for record in caplog.records]
    assert line.startswith(f"later_save_won: session {handle(SID, OURS.keys[0])} at 'cart\\n2026")
    assert "\n" not in line
    assert len(line) < 200


def test_names_are_cut_in_length_and_number():
    assert quoted(["cart.items", "a'b"]) == "'cart.items', \"a'b\""
    many = quoted(["y" * 1000] * (NAMES + 3))
    assert many.endswith("…' and 3 more")
    assert len(many) < NAMES * (NAME_CHARACTERS + 5) + 20
    assert quoted(["y" * NAME_CHARACTERS]) == repr("y" * NAME_CHARACTERS)
    assert quoted(["\x1b[31m\u2028"]) == "'\\x1b[31m\\u2028'"
