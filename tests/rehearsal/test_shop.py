"""The Python shop: it speaks the protocol, shares sessions with Laravel, and loses no write."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

import anyio
import httpx2
import msgspec
import pytest

from holdfast.core.digest import handle
from holdfast.core.errors import UsageError
from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.application import Replica
from holdfast.rehearsal.backing import backing
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.csrf import XSRF_COOKIE
from holdfast.rehearsal.deployment import deploy
from holdfast.rehearsal.laravel import Laravel
from holdfast.rehearsal.pace import Pace
from holdfast.rehearsal.protocol import PRODUCTS, State
from holdfast.rehearsal.shop import COOKIE, create_app
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.redis import redis_server
from holdfast.stores.contract import Commit, Find, Scan
from holdfast.stores.memory import MemoryStore
from holdfast.stores.open import open as open_store
from holdfast.stores.redis import RedisStore

pytestmark = pytest.mark.anyio

KEY = fresh_app_key()
ENCRYPTER = Encrypter.from_app_key(KEY)


@pytest.fixture(scope="module")
def redis_port(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as server:
        yield server.port


@pytest.fixture(params=["memory", "redis"])
def store(request):
    if request.param == "memory":
        yield MemoryStore()
        return
    port = request.getfixturevalue("redis_port")
    yield RedisStore(port=port, prefix=f"{request.node.name}-")


def shop(store, replica="r1", generation=3):
    return create_app(store, Codec(store.form), KEY, replica, generation)


class Browser:
    """A cookie, the token of the last page, and any number of places to send requests to."""

    def __init__(self, *transports):
        self.places = [httpx2.AsyncClient(transport=t, base_url="http://shop") for t in transports]
        self.cookie = ""
        self.token = ""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        for place in self.places:
            await place.aclose()

    @property
    def sid(self):
        return cookies.open(ENCRYPTER, COOKIE, self.cookie).value

    async def get(self, path, place=0, cookie=None):
        return await self._send("GET", path, {}, place, cookie)

    async def post(self, path, place=0, cookie=None, **fields):
        headers = {"x-csrf-token": self.token}
        return await self._send("POST", path, {"data": fields, "headers": headers}, place, cookie)

    async def state(self, place=0, cookie=None):
        return self._read(await self.get("/state", place, cookie))

    async def do(self, path, place=0, **fields):
        return self._read(await self.post(path, place, **fields))

    async def _send(self, method, path, options, place, cookie):
        headers = {
            **options.pop("headers", {}),
            "cookie": f"{COOKIE}={self.cookie if cookie is None else cookie}",
        }
        client = self.places[place]
        client.cookies.clear()
        answer = await client.request(method, path, headers=headers, **options)
        if cookie is None and COOKIE in answer.cookies:
            self.cookie = answer.cookies[COOKIE]
        return answer

    def _read(self, answer):
        assert answer.status_code == 200, answer.text
        state = msgspec.json.decode(answer.content, type=State)
        self.token = state.token
        return state


def browsing(*apps):
    return Browser(*[httpx2.ASGITransport(app=app) for app in apps])


def all_sids(store):
    with store.connect() as perform:
        return set(perform(Scan()).sids)


async def test_the_shop_speaks_the_protocol():
    async with browsing(shop(MemoryStore())) as browser:
        healthz = await browser.get("/healthz")
        assert (healthz.text, "set-cookie" in healthz.headers) == ("ok", False)

        catalogue = await browser.get("/catalogue")
        assert catalogue.json() == list(PRODUCTS)
        assert COOKIE in catalogue.headers["set-cookie"]

        empty = await browser.state()
        assert empty == State("r1", 3, empty.session, None, None, empty.token, [], [], 0, {})
        assert empty.session == handle(browser.sid, KEY.encode())

        assert (await browser.do("/open", lineage="u1.1")).lineage == "u1.1"
        assert (await browser.do("/open", lineage="u1.2")).lineage == "u1.1"
        await browser.do("/cart", item="buoy.1")
        assert (await browser.do("/cart", item="buoy.2", ms="10")).cart == ["buoy.1", "buoy.2"]
        bought = await browser.do("/checkout")
        assert (bought.cart, bought.orders) == ([], ["buoy.1", "buoy.2"])
        await browser.do("/cart", item="cleat.3")
        assert (await browser.do("/checkout")).orders == ["buoy.1", "buoy.2", "cleat.3"]
        assert [(await browser.do("/count")).count for _ in range(2)] == [1, 2]
        await browser.do("/mark", key="7", value="a")
        assert (await browser.do("/mark", key="ü", value="«b»")).marks == {"7": "a", "ü": "«b»"}

        in_ = await browser.do("/login", user="1000000")
        assert in_.user == 1_000_000
        assert in_.session != empty.session
        assert in_.token != empty.token
        assert in_.orders == ["buoy.1", "buoy.2", "cleat.3"]

        out = await browser.do("/logout")
        assert out == State("r1", 3, out.session, None, None, out.token, [], [], 0, {})
        assert out.session not in (empty.session, in_.session)
        assert out.token != in_.token
        assert await browser.state() == out


async def test_what_is_not_right_is_refused_and_says_who_refused_it():
    async with browsing(shop(MemoryStore())) as browser:
        await browser.state()
        token = browser.token
        browser.token = "wrong"
        wrong_token = await browser.post("/cart", item="x")
        browser.token = ""
        no_token = await browser.post("/cart", item="x")
        browser.token = token
        answers = [
            (404, await browser.get("/nothing")),
            (405, await browser.post("/state")),
            (413, await browser.post("/cart", item="x" * 65_536)),
            (419, wrong_token),
            (419, no_token),
            (422, await browser.post("/cart")),
            (422, await browser.post("/login", user="1000001")),
            (422, await browser.post("/login", user="0")),
            (422, await browser.post("/login", user="7th")),
            (422, await browser.post("/mark", key="a")),
        ]
        for status, answer in answers:
            assert answer.status_code == status
            assert answer.headers.get_list("x-holdfast-replica") == ["r1"]
            assert answer.headers.get_list("x-holdfast-generation") == ["3"]
        state = await browser.state()
        assert (state.cart, state.user, state.marks) == ([], None, {})


async def test_of_fifty_parallel_counts_each_that_was_answered_200_is_counted(store):
    async with browsing(shop(store)) as browser:
        await browser.state()
        counts = []

        async def count():
            answer = await browser.post("/count")
            assert answer.status_code in (200, 409), answer.text
            if answer.status_code == 200:
                counts.append(answer.json()["count"])

        async with anyio.create_task_group() as tasks:
            for _ in range(50):
                tasks.start_soon(count)
        state = await browser.state()
        assert sorted(counts) == list(range(1, len(counts) + 1))
        assert state.count == len(counts) > 0


async def test_a_few_parallel_requests_of_a_page_all_get_through(store):
    async with browsing(shop(store)) as browser:
        await browser.state()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lambda: browser.do("/cart", item="slow.1", ms="200"))
            tasks.start_soon(lambda: browser.do("/cart", item="quick.2"))
            tasks.start_soon(lambda: browser.do("/count"))
            tasks.start_soon(lambda: browser.do("/mark", key="a", value="b"))
        state = await browser.state()
        assert sorted(state.cart) == ["quick.2", "slow.1"]
        assert (state.count, state.marks) == (1, {"a": "b"})


class Gate:
    """In place of the hold: a request with ``ms=gate`` waits between load and save until opened."""

    def __init__(self):
        self.reached = anyio.Event()
        self.opened = anyio.Event()

    async def hold(self, _request, form):
        if form.get("ms") == "gate":
            self.reached.set()
            await self.opened.wait()


@pytest.fixture
async def gate(monkeypatch):
    gate = Gate()
    monkeypatch.setattr("holdfast.rehearsal.shop._hold", gate.hold)
    return gate


async def test_a_late_save_after_logout_is_refused_and_nothing_comes_back(store, gate):
    async with browsing(shop(store)) as browser:
        now, late = await _late(browser, gate, "/logout")
        assert late.status_code == 409
        assert "set-cookie" not in late.headers
        assert len(all_sids(store)) == 1
        assert await browser.state() == now


async def test_a_late_save_after_login_is_in_the_new_session(store, gate):
    async with browsing(shop(store)) as browser:
        now, late = await _late(browser, gate, "/login")
        state = msgspec.json.decode(late.content, type=State)
        assert state.session == now.session
        assert (state.user, state.cart) == (7, ["buoy.1", "late.2"])
        assert all_sids(store) == {browser.sid}
        assert (await browser.state()).cart == ["buoy.1", "late.2"]


async def _late(browser, gate, path):
    """Let a slow request begin before a login or logout and save after it; both answers."""
    await browser.state()
    await browser.do("/cart", item="buoy.1")
    old = browser.cookie
    late = []

    async def slow():
        late.append(await browser.post("/cart", cookie=old, item="late.2", ms="gate"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(slow)
        await gate.reached.wait()
        now = await browser.do(path, user="7")
        gate.opened.set()
    return now, late[0]


async def test_the_ids_from_before_login_and_logout_are_dead(store):
    async with browsing(shop(store)) as browser:
        await browser.state()
        await browser.do("/cart", item="buoy.1")
        seen = {}
        for path in ("/login", "/logout"):
            seen[browser.sid] = browser.cookie
            await browser.do(path, user="7")
            assert all_sids(store) == {browser.sid}
        for sid, cookie in seen.items():
            answer = await browser.get("/state", cookie=cookie)
            state = msgspec.json.decode(answer.content, type=State)
            assert (state.user, state.cart) == (None, [])
            assert state.session != handle(sid, KEY.encode())
            assert sid not in all_sids(store)


async def test_an_unreadable_session_is_said_and_kept():
    store = MemoryStore()
    sid = "U" * 40
    with store.connect() as perform:
        perform(Commit(sid, None, b"a:1:{broken", store.clock() + 60))
        async with browsing(shop(store)) as browser:
            browser.cookie = cookies.to_wire(cookies.seal(ENCRYPTER, COOKIE, sid))
            answer = await browser.get("/state")
            assert answer.status_code == 503
            assert "cannot be read" in answer.json()["error"]
            assert "set-cookie" not in answer.headers
        assert perform(Find(sid)).data == b"a:1:{broken"


async def test_while_the_store_is_down_the_shop_says_so_and_goes_on_afterwards(tmp_path):
    port = free_port()
    async with browsing(shop(RedisStore(port=port))) as browser:
        with redis_server(tmp_path, port):
            await browser.state()
            before = await browser.do("/count")
        down = [await browser.get("/state"), await browser.post("/count")]
        for answer in down:
            assert answer.status_code == 503
            assert str(port) not in answer.text
            assert answer.headers["x-holdfast-replica"] == "r1"
        with redis_server(tmp_path, port):
            fresh = await browser.state()
            assert (fresh.count, before.count) == (0, 1)
            assert (await browser.do("/count")).count == 1


async def test_scripts_get_the_token_in_a_cookie_and_send_it_back(store):
    transport = httpx2.ASGITransport(app=shop(store))
    async with httpx2.AsyncClient(transport=transport, base_url="http://shop") as client:
        first = await client.get("/state")
        [header] = [h for h in first.headers.get_list("set-cookie") if XSRF_COOKIE in h]
        assert header.endswith("; Max-Age=7200; path=/; samesite=lax")  # scripts may read it
        assert xsrf(client.cookies) == first.json()["token"]
        assert XSRF_COOKIE not in (await client.get("/state")).cookies
        for wrong in ("", "x", client.cookies[COOKIE]):
            refused = await client.post("/count", headers={"X-XSRF-TOKEN": wrong})
            assert refused.status_code == 419
        taken = {"X-XSRF-TOKEN": client.cookies[XSRF_COOKIE]}
        logged_in = await client.post("/login", data={"user": "7"}, headers=taken)
        assert xsrf(client.cookies) == logged_in.json()["token"] != first.json()["token"]


def xsrf(jar):
    return cookies.open(ENCRYPTER, XSRF_COOKIE, jar[XSRF_COOKIE]).value


@pytest.mark.parametrize("choice", ["redis", "database"])
async def test_each_sets_the_cookies_that_the_other_takes(choice):
    async with laravel_and_shop(choice) as browser:
        for one, other in ((PHP, PY), (PY, PHP)):
            await browser.state(one)
            answer = await browser.post("/login", one, user="7")
            # As axios does it: unescaped.
            headers = {"x-xsrf-token": unquote(answer.cookies[XSRF_COOKIE])}
            told = {"cookie": f"{COOKIE}={browser.cookie}", **headers}
            for place in (other, one):
                counted = await browser.places[place].post("/count", headers=told)
                assert counted.status_code == 200
            assert counted.json()["count"] == 2
            by = {place: session_cookie(await browser.get("/state", place, "")) for place in (0, 1)}
            assert by[PHP] == by[PY]
            browser.cookie = ""


def session_cookie(answer):
    """Its attributes, without the date, which Laravel 8 writes in another way."""
    [header] = [h for h in answer.headers.get_list("set-cookie") if h.startswith(f"{COOKIE}=")]
    return [part for part in header.split("; ")[1:] if not part.startswith("expires=")]


async def test_a_key_that_fits_no_cipher_is_said():
    with pytest.raises(UsageError, match="APP_KEY has 5 bytes"):
        create_app(MemoryStore(), Codec(MemoryStore().form), "short", "r1", 1)


@asynccontextmanager
async def laravel_and_shop(choice):
    """A browser whose places are a real Laravel replica and our shop, on one store."""
    setup = parse_setup(choice, "laravel")
    application = Laravel(setup)
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
        stack.callback(shutil.rmtree, directory)
        guardian = stack.enter_context(Guardian())
        shared = stack.enter_context(
            backing(
                setup, directory, guardian, app_key=KEY, create_tables=application.create_tables
            )
        )
        replica = Replica(
            application, "php", 1, directory, app_key=KEY, backing=shared, guardian=guardian
        )
        stack.callback(replica.kill)
        replica.start()
        opened = open_store(shared.url)
        app = create_app(opened.store, opened.codec, KEY, "py", 1)
        async with Browser(httpx2.AsyncHTTPTransport(), httpx2.ASGITransport(app=app)) as browser:
            browser.places[0].base_url = f"http://{LOOPBACK}:{replica.endpoint.port}"
            browser.store = opened.store
            yield browser


PHP, PY = 0, 1


@pytest.mark.parametrize("choice", ["file:shared", "redis", "database"])
async def test_laravel_and_the_shop_go_on_with_each_others_sessions(choice):
    async with laravel_and_shop(choice) as browser:
        first = await browser.state(PHP)
        assert (await browser.state(PY)).session == first.session
        assert (await browser.do("/open", PY, lineage="u1.1")).replica == "py"
        await browser.do("/cart", PHP, item="php.1")
        await browser.do("/cart", PY, item="py.2")
        assert (await browser.do("/cart", PHP, item="php.3")).cart == ["php.1", "py.2", "php.3"]
        assert [(await browser.do("/count", n % 2)).count for n in range(4)] == [1, 2, 3, 4]
        await browser.do("/mark", PY, key="7", value="ü")
        assert (await browser.do("/mark", PHP, key="k", value="€")).marks == {"7": "ü", "k": "€"}
        await browser.do("/checkout", PY)

        python_user = await browser.do("/login", PY, user="7")
        assert python_user.session != first.session
        seen = await browser.state(PHP)
        assert (seen.user, seen.lineage) == (7, "u1.1")
        assert seen.orders == ["php.1", "py.2", "php.3"]
        await browser.do("/logout", PHP)
        assert (await browser.state(PY)).user is None

        php_user = await browser.do("/login", PHP, user="8")
        assert (await browser.state(PY)).user == 8
        # Only the session that is in use is left: both destroy what they leave.
        assert {handle(sid, KEY.encode()) for sid in all_sids(browser.store)} >= {php_user.session}
        await browser.do("/logout", PY)
        guest = await browser.state(PHP)
        assert (guest.user, guest.cart, guest.orders, guest.count) == (None, [], [], 0)


FAST = Pace(detection=0.2, restart=0.3, drain=0.1, grace=5.0, peak=0.2)


@pytest.mark.parametrize("choice", ["shop=redis", "shop=database", "shop=file:shared"])
async def test_every_replica_sees_every_write(choice):
    setup = parse_setup(choice, "shop")
    async with deploy(
        setup, replicas=3, emit=lambda *_: None, app_key=KEY, pace=FAST
    ) as deployment:
        transport = httpx2.AsyncHTTPTransport()
        async with Browser(transport) as browser:
            browser.places[0].base_url = deployment.address
            await browser.state()
            answered = set()
            for number in range(1, 13):
                state = await browser.do("/count")
                assert state.count == number
                answered.add(state.replica)
                state = await browser.state()
                assert state.count == number
                answered.add(state.replica)
            assert answered == {"r1", "r2", "r3"}
            await deployment.roll()
            state = await browser.state()
            assert (state.count, state.generation) == (12, 2)
