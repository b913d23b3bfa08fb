"""PHP replicas save blindly beside a Python service: what they saved is seen, and merged.

A real Laravel replica and our middleware are on one store and have one browser's cookie. What a
blind save does to ours cannot be prevented (docs/guarantees.md) and is not asserted; that ours does
nothing to Laravel's is.
"""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from holdfast.stores.contract import Commit, Conflict, Find, Gone
from holdfast.web.asgi import LaravelSessionMiddleware

pytestmark = pytest.mark.parametrize(
    "shared",
    [
        "redis plain",
        "redis encrypted",
        "file:shared plain",
        "database plain",
        "database:postgresql plain",
        "database:mariadb plain",
    ],
    indirect=True,
)

COUNTS = 12
WRITERS = 3


class Watched:
    """A store, and what its commits were answered."""

    def __init__(self, store):
        self._store = store
        self.answers = []

    def __getattr__(self, name):
        return getattr(self._store, name)

    @asynccontextmanager
    async def aconnect(self):
        async with self._store.aconnect() as perform:

            async def watched(effect):
                answer = await perform(effect)
                if isinstance(effect, Commit):
                    self.answers.append(type(answer))
                return answer

            yield watched


class Service:
    """A Python service on the sessions of the replica, asked without a server between.

    ``meanwhile`` is what happens while a request of it is between load and save.
    """

    def __init__(self, shared):
        self.store = Watched(shared.opened.store)
        self.meanwhile = lambda: None
        routes = [Route("/note/{name}", self.note, methods=["POST"])]
        self.app = LaravelSessionMiddleware(
            Starlette(routes=routes),
            store=self.store,
            codec=shared.codec,
            encrypter=shared.encrypter,
            cookie=shared.cookie,
        )

    async def note(self, request):
        await anyio.to_thread.run_sync(self.meanwhile)
        request.session[request.path_params["name"]] = "noted"
        if "cart" in request.session:
            request.session.push("cart", request.path_params["name"])
        return JSONResponse("noted")

    def post(self, wire, *names):
        """Requests of one browser, one after the other; their answers."""

        async def all_of_them():
            transport = httpx2.ASGITransport(app=self.app)
            headers = {"cookie": wire}
            async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
                return [await client.post(f"/note/{name}", headers=headers) for name in names]

        return anyio.run(all_of_them)


@pytest.fixture
def service(shared):
    return Service(shared)


@pytest.fixture
def browser(shared):
    """A browser with a session of Laravel's, in which two things are in the cart."""
    with shared.browser() as browser:
        shared.post(browser, "/open", lineage="u1.1")
        shared.post(browser, "/cart", item="buoy.1")
        yield browser


def wire(shared, sid):
    return f"{shared.cookie}={shared.seal(sid)}"


def stored(shared, sid):
    found = shared.perform(Find(sid))
    return None if found is None else shared.codec.loads(found.data)


def test_what_php_saved_between_our_load_and_our_save_is_kept(shared, service, browser):
    sid = shared.sid(browser)

    def php():
        shared.post(browser, "/mark", key="a", value="php")
        shared.post(browser, "/count")
        shared.post(browser, "/cart", item="cleat.2")

    service.meanwhile = php
    [answer] = service.post(wire(shared, sid), "ours")
    assert answer.status_code == 200
    assert Conflict in service.store.answers
    state = browser.get("/state").json()
    assert (state["marks"], state["count"]) == ({"a": "php"}, 1)
    # Both have extended one list.
    assert state["cart"] == ["buoy.1", "cleat.2", "ours"]
    assert stored(shared, sid)["ours"] == "noted"


def test_a_login_of_php_s_between_our_load_and_our_save_stands(shared, service, browser):
    old = shared.sid(browser)
    service.meanwhile = lambda: shared.post(browser, "/login", user="7")
    [answer] = service.post(wire(shared, old), "ours")
    assert "set-cookie" not in answer.headers
    assert Gone in service.store.answers
    assert stored(shared, old) is None
    assert browser.get("/state").json()["user"] == 7


def test_a_logout_of_php_s_between_our_load_and_our_save_stands(shared, service, browser):
    shared.post(browser, "/login", user="7")
    sid = shared.sid(browser)
    service.meanwhile = lambda: shared.post(browser, "/logout")
    [answer] = service.post(wire(shared, sid), "ours")
    assert "set-cookie" not in answer.headers
    assert Gone in service.store.answers
    assert stored(shared, sid) is None
    with shared.browser(sid) as old:
        assert old.get("/state").json()["user"] is None


def test_while_we_save_all_the_time_no_save_of_php_s_is_lost(shared, browser):
    """Laravel counts in one request after the other; whatever we overwrote would be missing."""
    sid = shared.sid(browser)
    over = threading.Event()

    def write(number):
        service, made = Service(shared), 0
        while not over.is_set():
            answers = service.post(wire(shared, sid), *[f"k{number}.{made + n}" for n in range(5)])
            assert {answer.status_code for answer in answers} == {200}
            made += len(answers)
        return made

    with ThreadPoolExecutor(WRITERS) as pool:
        writers = [pool.submit(write, number) for number in range(WRITERS)]
        try:
            counts = [shared.post(browser, "/count")["count"] for _ in range(COUNTS)]
        finally:
            over.set()
        assert all(writer.result() > 0 for writer in writers)
    assert counts == list(range(1, COUNTS + 1))
    assert stored(shared, sid)["count"] == COUNTS
