"""The ASGI middleware: when it saves, when it sets the cookie, and what it lets through."""

from __future__ import annotations

import base64
import sqlite3
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
import redis
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute

from holdfast.core.clock import wall_clock
from holdfast.core.digest import handle
from holdfast.core.errors import (
    SessionConflict,
    SessionGone,
    StoreUnavailable,
    Undecodable,
    UsageError,
)
from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.names import login_key
from holdfast.laravel.payload import Codec
from holdfast.servers.ports import free_port
from holdfast.servers.redis import redis_server
from holdfast.session import Levels, Policy, Rules
from holdfast.stores.contract import Commit, Delete, Find, Scan
from holdfast.stores.database import DatabaseStore
from holdfast.stores.file import FileStore
from holdfast.stores.memory import MemoryStore
from holdfast.stores.redis import RedisStore
from holdfast.testing import ManualClock
from holdfast.web.asgi import LaravelSessionMiddleware
from holdfast.web.replay import ReplayMiddleware

pytestmark = pytest.mark.anyio

COOKIE = "laravel_session"
ENCRYPTER = Encrypter.from_app_key("base64:" + base64.b64encode(b"k" * 32).decode())
LIFETIME = 7200


async def look(request):
    return JSONResponse({str(key): value for key, value in request.session.items()})


async def put(request):
    request.session.put(request.path_params["key"], request.path_params["value"])
    return PlainTextResponse("saved")


async def login(request):
    request.session.login(7)
    return PlainTextResponse("welcome")


async def refuse(request):
    request.session["tried"] = True
    raise HTTPException(403)


async def crash(request):
    request.session["tried"] = True
    raise LookupError("a bug")


async def own_cookie(request):
    request.session["seen"] = 1
    response = PlainTextResponse("mine")
    response.set_cookie("theme", "dark")
    response.headers["cache-control"] = "max-age=60"
    return response


async def stream(request):
    async def chunks():
        yield "a"
        request.session["late"] = True
        yield "b"

    request.session["early"] = True
    return StreamingResponse(chunks())


async def socket(websocket):
    await websocket.accept()
    await websocket.send_json(websocket.session["name"])
    websocket.session["name"] = "changed"
    await websocket.close()


ROUTES = [
    Route("/look", look),
    Route("/put/{key}/{value}", put, methods=["POST"]),
    Route("/login", login, methods=["POST"]),
    Route("/refuse", refuse),
    Route("/crash", crash),
    Route("/own-cookie", own_cookie),
    Route("/stream", stream),
    WebSocketRoute("/socket", socket),
]


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def store(clock):
    return MemoryStore(lifetime=LIFETIME, clock=clock)


@pytest.fixture
def site(store, clock):
    """Makes the application behind the middleware; options are the middleware's."""

    def make(*routes, app=None, **options):
        options = {"store": store, "clock": clock, **options}
        return LaravelSessionMiddleware(
            app or Starlette(routes=[*routes, *ROUTES]),
            codec=Codec(options["store"].form),
            encrypter=ENCRYPTER,
            cookie=COOKIE,
            **options,
        )

    return make


@asynccontextmanager
async def browsing(app, **options):
    transport = httpx2.ASGITransport(app=app, client=("198.51.100.7", 4711), **options)
    async with httpx2.AsyncClient(transport=transport, base_url="http://site") as client:
        yield client


def sid_of(client):
    return cookies.open(ENCRYPTER, COOKIE, client.cookies[COOKIE]).value


def sealed(sid, name=COOKIE):
    return cookies.to_wire(cookies.seal(ENCRYPTER, name, sid))


def found(store, sid):
    with store.connect() as perform:
        return perform(Find(sid))


def all_sids(store):
    with store.connect() as perform:
        return perform(Scan()).sids


def attributes(store, sid):
    return Codec(store.form).loads(found(store, sid).data)


async def test_the_cookie_is_set_once_and_nothing_is_written_while_nothing_changes(site, store):
    async with browsing(site()) as client:
        first = await client.post("/put/name/ada")
        header = first.headers["set-cookie"]
        assert header.startswith(f"{COOKIE}=")
        assert header.endswith(
            "; expires=Wed, 15 Nov 2023 00:13:20 GMT; Max-Age=7200; path=/; httponly; samesite=lax"
        )
        assert first.headers["cache-control"] == "no-cache, private"
        written = found(store, sid_of(client))
        for _ in range(3):
            again = await client.get("/look")
            assert again.json()["name"] == "ada"
            assert "set-cookie" not in again.headers
            assert "cache-control" not in again.headers
        # The token and what flash ageing adds at the first save have been there since then.
        assert found(store, sid_of(client)) == written


async def test_the_cookie_is_set_again_when_the_expiry_moves(site, store, clock):
    async with browsing(site()) as client:
        await client.post("/put/name/ada")
        before = found(store, sid_of(client))
        clock.advance(600)
        again = await client.get("/look")
        assert "Max-Age=7200" in again.headers["set-cookie"]
        after = found(store, sid_of(client))
        assert after.expires_at == before.expires_at + 600
        assert after.data == before.data


async def test_a_write_is_in_the_store_when_the_answer_starts(site, store):
    seen = []

    def watched(app):
        async def wrapped(scope, receive, send):
            async def look_and_send(message):
                if message["type"] == "http.response.start":
                    seen.extend(attributes(store, sid)["name"] for sid in all_sids(store))
                await send(message)

            await app(scope, receive, look_and_send)

        return wrapped

    async with browsing(watched(site())) as client:
        await client.post("/put/name/ada")
    assert seen == ["ada"]


async def test_what_is_changed_after_the_answer_has_started_is_not_stored(site, store):
    async with browsing(site()) as client:
        assert (await client.get("/stream")).text == "ab"
        stored = attributes(store, sid_of(client))
    assert stored["early"] is True
    assert "late" not in stored


async def test_an_error_answer_saves_and_an_exception_that_leaves_does_not(site, store):
    async with browsing(site()) as client:
        refused = await client.get("/refuse")
        assert refused.status_code == 403
        assert attributes(store, sid_of(client))["tried"] is True

    inside = Starlette(routes=ROUTES)
    inside.add_middleware(
        LaravelSessionMiddleware,
        store=store,
        codec=Codec(store.form),
        encrypter=ENCRYPTER,
        cookie=COOKIE,
    )
    before = all_sids(store)
    async with browsing(inside, raise_app_exceptions=False) as client:
        crashed = await client.get("/crash")
        assert crashed.status_code == 500
        assert "set-cookie" not in crashed.headers
    assert all_sids(store) == before


async def test_head_is_answered_as_get(site, store):
    async with browsing(site()) as client:
        answer = await client.head("/stream")
        assert answer.status_code == 200
        assert attributes(store, sid_of(client))["early"] is True


async def test_the_applications_own_headers_and_cookies_are_left_alone(site):
    async with browsing(site()) as client:
        answer = await client.get("/own-cookie")
        theme, session = answer.headers.get_list("set-cookie")
        assert theme == "theme=dark; Path=/; SameSite=lax"
        assert session.startswith(f"{COOKIE}=")
        assert answer.headers.get_list("cache-control") == ["max-age=60"]


async def test_the_cookies_attributes_are_the_settings(site):
    plain = site(path="/app", domain="example.org", http_only=False, same_site=None)
    async with browsing(plain) as client:
        header = (await client.post("/put/a/b")).headers["set-cookie"]
        assert header.endswith("; Max-Age=7200; path=/app; domain=example.org")
    closing = site(expire_on_close=True, secure=True, same_site="none", partitioned=True)
    async with browsing(closing) as client:
        header = (await client.post("/put/a/b")).headers["set-cookie"]
        attributes = header.split("; ", 1)[1]
        assert attributes == "path=/; secure; httponly; samesite=none; partitioned"
    async with browsing(site()) as client:
        header = (await client.post("https://site/put/a/b")).headers["set-cookie"]
        assert "; secure;" in header


@pytest.mark.parametrize(
    "wire",
    [
        sealed("P" * 40),
        sealed("P" * 39),
        sealed("P" * 40, "another_cookie"),
        sealed("P" * 40)[:-9] + "AAAA%3D%3D",
        "P" * 40,
        "",
        "%",
    ],
    ids=["unknown id", "no id", "other cookie's", "tampered", "not sealed", "empty", "no escape"],
)
async def test_a_cookie_that_names_no_session_starts_a_new_one_under_an_id_of_ours(
    site, store, wire
):
    async with browsing(site()) as client:
        answer = await client.post("/put/name/ada", headers={"cookie": f"{COOKIE}={wire}"})
        assert answer.status_code == 200
        (sid,) = all_sids(store)
        assert sid == sid_of(client)
        assert sid != "P" * 40


async def test_the_first_of_two_cookies_counts_and_others_are_no_matter(site, store):
    async with browsing(site()) as one, browsing(site()) as two:
        await one.post("/put/name/one")
        await two.post("/put/name/two")
        first, second = one.cookies[COOKIE], two.cookies[COOKIE]
    async with browsing(site()) as client:
        headers = {"cookie": f"x{COOKIE}=q; a=b;{COOKIE}={first}; {COOKIE}={second}"}
        assert (await client.get("/look", headers=headers)).json()["name"] == "one"


async def test_paths_that_are_excepted_have_no_session(site, store):
    async def probe(request):
        return JSONResponse("session" in request.scope)

    async with browsing(site(Route("/up", probe), except_paths=["/up"])) as client:
        answer = await client.get("/up")
        assert answer.json() is False
        assert "set-cookie" not in answer.headers
    assert all_sids(store) == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"gone": "rasie"}, "gone is 'rasie'"),
        ({"except_paths": "/healthz"}, "except_paths is '/healthz'"),
        ({"except_paths": ["healthz"]}, "except_paths has 'healthz' in it"),
        ({"policy": Policy(levels=Levels(login="strict"))}, "Levels.login is 'strict', which mem"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(site, options, said):
    with pytest.raises(UsageError) as refused:
        site(**options)
    assert said in str(refused.value)
    assert refused.value.hint


def meanwhile(store, change):
    """A handler during which another request changes the stored session, then this one does."""

    async def handler(request):
        session = request.session
        with store.connect() as perform:
            base = perform(Find(session.id))
            theirs = Codec(store.form).loads(base.data)
            if change(theirs) is None:
                data = Codec(store.form).dumps(theirs)
                perform(Commit(session.id, base, data, base.expires_at))
            else:
                perform(Delete(session.id))
        session["name"] = "mine"
        return PlainTextResponse("saved")

    return handler


async def test_a_parallel_change_is_merged(site, store, caplog):
    def theirs(attributes):
        attributes.update(name="theirs", cart=["anchor"])

    caplog.set_level("INFO", "holdfast.web")
    async with browsing(site(Route("/meanwhile", meanwhile(store, theirs)))) as client:
        await client.post("/put/name/ada")
        answer = await client.get("/meanwhile")
        sid = sid_of(client)
    assert (answer.status_code, answer.text) == (200, "saved")
    after = attributes(store, sid)
    assert (after["name"], after["cart"]) == ("mine", {0: "anchor"})
    assert "later_save_won" in caplog.text
    for secret in (sid, "mine", "theirs"):
        assert secret not in caplog.text


async def test_two_logins_at_once_are_answered_409(site, store):
    def theirs(attributes):
        attributes[login_key()] = 8

    async def login_too(request):
        answer = await meanwhile(store, theirs)(request)
        request.session.login(7)
        return answer

    app = ReplayMiddleware(site(Route("/meanwhile", login_too)))
    async with browsing(app) as client:
        await client.post("/put/name/ada")
        answer = await client.get("/meanwhile")
        assert answer.status_code == 409
        assert "set-cookie" not in answer.headers
        assert attributes(store, sid_of(client))[login_key()] == 8


@pytest.mark.parametrize("gone", ["answer", "raise"])
async def test_a_request_whose_session_was_ended(site, store, gone, caplog):
    """Nothing comes back, and no cookie is set; its answer goes out unless it is asked not to."""
    caplog.set_level("INFO", "holdfast.web")
    route = Route("/meanwhile", meanwhile(store, lambda attributes: "logged out"))
    async with browsing(site(route, gone=gone)) as client:
        await client.post("/put/name/ada")
        known_by = handle(sid_of(client), ENCRYPTER.keys[0])
        if gone == "raise":
            with pytest.raises(SessionGone):
                await client.get("/meanwhile")
        else:
            answer = await client.get("/meanwhile")
            assert (answer.status_code, answer.text) == (200, "saved")
            assert "set-cookie" not in answer.headers
            assert f"ended_meanwhile: session {known_by}" in caplog.text
    assert all_sids(store) == ()


@pytest.mark.parametrize("swallow", [False, True])
async def test_a_refused_save_leaves_as_an_exception_before_anything_is_sent(site, store, swallow):
    """Also where the application catches it and has an answer of its own."""

    def theirs(attributes):
        attributes["name"] = "theirs"

    inner = Starlette(routes=[Route("/meanwhile", meanwhile(store, theirs)), *ROUTES])

    async def swallowing(scope, receive, send):
        try:
            await inner(scope, receive, send)
        except (SessionConflict, RuntimeError):
            await Response("never mind")(scope, receive, send)

    sent = []

    def watched(app):
        async def wrapped(scope, receive, send):
            async def note(message):
                sent.append(message)
                await send(message)

            await app(scope, receive, note)

        return wrapped

    policy = Policy(rules=Rules(exclusive=frozenset({"name"})))
    app = site(app=swallowing if swallow else inner, policy=policy)
    async with browsing(watched(app)) as client:
        await client.post("/put/name/ada")
        sid = sid_of(client)
        sent.clear()
        with pytest.raises(SessionConflict):
            await client.get("/meanwhile")
        assert sent == []
    assert attributes(store, sid)["name"] == "theirs"


async def test_a_request_in_flight_at_a_login_stays_logged_in(site, store):
    async with browsing(site()) as client:
        await client.post("/put/name/ada")
        old = client.cookies[COOKIE]
        await client.post("/login")
        late = await client.post("/put/cart/anchor", headers={"cookie": f"{COOKIE}={old}"})
        assert late.status_code == 200
        assert "set-cookie" in late.headers
        (sid,) = all_sids(store)
        after = attributes(store, sid)
        assert (after["name"], after["cart"], after[login_key()]) == ("ada", "anchor", 7)
        # The same id under another seal is another browser's.
        stolen = sealed(cookies.open(ENCRYPTER, COOKIE, old).value)
        other = await client.get("/look", headers={"cookie": f"{COOKIE}={stolen}"})
        assert login_key() not in other.json()


@pytest.mark.parametrize("undecodable", ["fresh", "refuse"])
async def test_undecodable_bytes_are_said_and_left_as_they_are(site, store, undecodable):
    sid = "U" * 40
    with store.connect() as perform:
        perform(Commit(sid, None, b"a:1:{broken", store.clock() + LIFETIME))
    async with browsing(site(policy=Policy(undecodable=undecodable))) as client:
        headers = {"cookie": f"{COOKIE}={sealed(sid)}"}
        if undecodable == "refuse":
            with pytest.raises(Undecodable):
                await client.post("/put/a/b", headers=headers)
        else:
            assert (await client.post("/put/a/b", headers=headers)).status_code == 200
            assert len(all_sids(store)) == 2
    assert found(store, sid).data == b"a:1:{broken"


async def test_a_value_that_php_has_not_saves_nothing_and_answers_nothing(site, store):
    async def wrong(request):
        request.session["when"] = object()
        return PlainTextResponse("saved")

    async with browsing(site(Route("/wrong", wrong))) as client:
        with pytest.raises(TypeError):
            await client.get("/wrong")
    assert all_sids(store) == ()


async def test_the_database_is_told_who_it_is(site, tmp_path, clock):
    path = tmp_path / "sessions.sqlite"
    store = DatabaseStore(path, clock=clock)
    store.create_table()
    async with browsing(site(store=store)) as client:
        headers = {"user-agent": "Käfer/1.0".encode()}
        await client.post("/login", headers=headers)
        with sqlite3.connect(path) as database:
            rows = database.execute("SELECT user_id, ip_address, user_agent FROM sessions")
            assert rows.fetchall() == [(7, "198.51.100.7", "Käfer/1.0")]
        database.close()


async def connect_websocket(app, cookie):
    """The messages that an ASGI server would get for a websocket."""
    sent = []
    scope = {
        "type": "websocket",
        "path": "/socket",
        "raw_path": b"/socket",
        "query_string": b"",
        "root_path": "",
        "headers": [(b"cookie", f"{COOKIE}={cookie}".encode())],
        "subprotocols": [],
    }

    async def receive():
        return {"type": "websocket.connect"}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    return sent


async def test_a_websocket_reads_the_session_and_what_it_changes_is_not_stored(site, store):
    async with browsing(site()) as client:
        await client.post("/put/name/ada")
        before = found(store, sid_of(client))
        sent = await connect_websocket(site(), client.cookies[COOKIE])
    assert [message["type"] for message in sent] == [
        "websocket.accept",
        "websocket.send",
        "websocket.close",
    ]
    assert sent[1]["text"] == '"ada"'
    assert found(store, sid_of(client)) == before


class Server:
    """The lifespan of an application, as a server has it."""

    def __init__(self, app):
        self._app = app
        self._to_app = anyio.create_memory_object_stream(1)
        self._from_app = anyio.create_memory_object_stream(1)

    @asynccontextmanager
    async def running(self):
        """Gives what was answered to the startup; shuts down at the end."""
        (give, receive), (send, answers) = self._to_app, self._from_app
        with give, receive, send, answers:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(
                    self._app, {"type": "lifespan", "state": {}}, receive.receive, send.send
                )
                await give.send({"type": "lifespan.startup"})
                answer = await answers.receive()
                yield answer
                if answer["type"] == "lifespan.startup.complete":
                    await give.send({"type": "lifespan.shutdown"})
                    assert (await answers.receive())["type"] == "lifespan.shutdown.complete"


async def test_the_store_is_open_from_startup_to_shutdown(site, tmp_path):
    with redis_server(tmp_path) as server:
        app = site(store=RedisStore(port=server.port), clock=wall_clock)
        async with Server(app).running() as answer:
            assert answer["type"] == "lifespan.startup.complete"
            async with browsing(app) as client:
                await client.post("/put/name/ada")
                assert clients_of(server.port) == 1
        with anyio.fail_after(60):
            while clients_of(server.port):  # noqa: ASYNC110 - the server notices in its own time
                await anyio.sleep(0.01)


async def test_without_a_lifespan_the_store_is_opened_by_the_first_request(site, tmp_path):
    async with browsing(site(store=FileStore(tmp_path))) as client:
        await client.post("/put/name/ada")
        assert [path.name for path in tmp_path.glob("[!.]*")] == [sid_of(client)]


async def test_a_store_that_is_down_at_startup_is_tried_again(site, tmp_path):
    port = free_port()
    app = site(store=RedisStore(port=port), clock=wall_clock)
    async with Server(app).running() as answer, browsing(app) as client:
        assert answer["type"] == "lifespan.startup.complete"
        with pytest.raises(StoreUnavailable):
            await client.get("/look")
        with redis_server(tmp_path, port):
            assert (await client.post("/put/name/ada")).text == "saved"
            assert (await client.get("/look")).json()["name"] == "ada"


async def test_a_store_that_is_set_up_wrongly_fails_the_startup(site, tmp_path):
    app = site(store=FileStore(tmp_path / "missing"))
    async with Server(app).running() as answer:
        assert answer["type"] == "lifespan.startup.failed"
        assert "missing is not a directory" in answer["message"]
        assert "(hint: " in answer["message"]


def clients_of(port):
    """How many clients a Redis has, the one that asks not counted."""
    with redis.Redis(port=port) as client:
        return len(client.client_list()) - 1
