"""Real Laravel and we read and write each other's sessions, on every store, plain and encrypted."""

from __future__ import annotations

import shutil
import tempfile
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest

from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.names import login_key
from holdfast.rehearsal.app_key import fresh_app_key
from holdfast.rehearsal.application import Replica
from holdfast.rehearsal.backing import backing
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.laravel import Laravel
from holdfast.servers.guardian import Guardian
from holdfast.servers.ports import LOOPBACK
from holdfast.stores.contract import Commit, Find, Found, Saved
from holdfast.stores.open import open as open_store

COOKIE = "laravel_session"
STORES = ["file:shared", "redis", "database", "database:postgresql", "database:mariadb"]


class Shared:
    """A Laravel replica and our own store on the same sessions."""

    def __init__(self, replica, opened, encrypter, perform):
        self.base = f"http://{LOOPBACK}:{replica.endpoint.port}"
        self.encrypter = encrypter
        self.codec = opened.codec
        self.lifetime = opened.store.lifetime
        self.perform = perform

    def browser(self, sid=None):
        sealed = {} if sid is None else {COOKIE: self.seal(sid)}
        return httpx2.Client(base_url=self.base, cookies=sealed, timeout=60)

    def seal(self, sid):
        return cookies.to_wire(cookies.seal(self.encrypter, COOKIE, sid))

    def sid(self, browser):
        wire = next(c.value for c in browser.cookies.jar if c.name == COOKIE)
        return cookies.open(self.encrypter, COOKIE, wire).value

    def commit(self, sid, base, attributes):
        ends = int(time.time()) + self.lifetime
        return self.perform(Commit(sid, base, self.codec.dumps(attributes), ends))


@pytest.fixture(scope="module", params=[f"{s} {e}" for s in STORES for e in ("plain", "encrypted")])
def shared(request):
    with shared_sessions(*request.param.split()) as opened:
        yield opened


@contextmanager
def shared_sessions(driver, protection):
    key = fresh_app_key()
    setup = parse_setup(driver, "laravel")
    application = Laravel(setup)
    with ExitStack() as stack:
        directory = Path(tempfile.mkdtemp(prefix="holdfast-"))
        stack.callback(shutil.rmtree, directory)
        guardian = stack.enter_context(Guardian())
        store = stack.enter_context(
            backing(
                setup, directory, guardian, app_key=key, create_tables=application.create_tables
            )
        )
        url = store.url
        if protection == "encrypted":
            store = replace(store, laravel={**store.laravel, "SESSION_ENCRYPT": "true"})
            url += ("&" if "?" in url else "?") + "encrypt=1&key=env:THE_KEY"
        replica = Replica(
            application, "r1", 1, directory, app_key=key, backing=store, guardian=guardian
        )
        stack.callback(replica.kill)
        replica.start()
        opened = open_store(url, env={"THE_KEY": key})
        perform = stack.enter_context(opened.store.connect())
        yield Shared(replica, opened, Encrypter.from_app_key(key), perform)


def post(browser, path, **fields):
    token = browser.get("/state").json()["token"]
    answer = browser.post(path, data=fields, headers={"X-CSRF-TOKEN": token})
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_we_read_what_laravel_wrote_and_write_the_same_bytes(shared):
    with shared.browser() as browser:
        post(browser, "/open", lineage="u1.1")
        post(browser, "/login", user="7")
        post(browser, "/cart", item="anchor.é€😀")
        post(browser, "/count")
        found = shared.perform(Find(shared.sid(browser)))
    attributes = shared.codec.loads(found.data)
    assert attributes["lineage"] == "u1.1"
    assert attributes[login_key()] == 7
    assert attributes["cart"] == {0: "anchor.é€😀"}
    assert attributes["count"] == 1
    if shared.codec.encrypter is None:
        assert shared.codec.dumps(attributes) == found.data


def test_laravel_goes_on_with_what_we_changed(shared):
    with shared.browser() as browser:
        post(browser, "/open", lineage="u2.1")
        post(browser, "/cart", item="buoy.1")
        sid = shared.sid(browser)
        found = shared.perform(Find(sid))
        attributes = shared.codec.loads(found.data)
        attributes["count"] = 41
        attributes["cart"][1] = "buoy.2 ß"
        attributes["marks"] = {"a": "x"}
        assert isinstance(shared.commit(sid, found, attributes), Saved)
        state = browser.get("/state").json()
        assert state["count"] == 41
        assert state["cart"] == ["buoy.1", "buoy.2 ß"]
        assert state["marks"] == {"a": "x"}
        assert post(browser, "/count")["count"] == 42


def test_laravel_takes_a_session_that_we_made(shared):
    sid = "Python" + "x" * 34
    attributes = shared.codec.new()
    attributes["_token"] = "t" * 40
    attributes["lineage"] = "u3.1"
    attributes[login_key()] = 9
    assert isinstance(shared.commit(sid, None, attributes), Saved)
    with shared.browser(sid) as browser:
        state = browser.get("/state").json()
    assert state["lineage"] == "u3.1"
    assert state["user"] == 9
    assert state["token"] == "t" * 40


def test_our_save_is_refused_when_laravel_has_saved_since(shared):
    with shared.browser() as browser:
        post(browser, "/open", lineage="u4.1")
        sid = shared.sid(browser)
        base = shared.perform(Find(sid))
        post(browser, "/count")
        attributes = shared.codec.loads(base.data)
        attributes["count"] = 99
        conflict = shared.commit(sid, base, attributes)
        assert isinstance(conflict.found, Found)
        assert shared.codec.loads(conflict.found.data)["count"] == 1
        assert browser.get("/state").json()["count"] == 1


def test_a_logout_in_laravel_is_gone_for_us(shared):
    with shared.browser() as browser:
        post(browser, "/open", lineage="u5.1")
        sid = shared.sid(browser)
        base = shared.perform(Find(sid))
        post(browser, "/logout")
        attributes = shared.codec.loads(base.data)
        attributes["count"] = 1
        assert type(shared.commit(sid, base, attributes)).__name__ == "Gone"
        assert shared.perform(Find(sid)) is None
