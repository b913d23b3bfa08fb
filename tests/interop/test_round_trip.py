"""Real Laravel and we read and write each other's sessions, on every store, plain and encrypted."""

from __future__ import annotations

import pytest

from holdfast.laravel.names import login_key
from holdfast.stores.contract import Find, Found, Saved

STORES = ["file:shared", "redis", "database", "database:postgresql", "database:mariadb"]

pytestmark = pytest.mark.parametrize(
    "shared", [f"{s} {e}" for s in STORES for e in ("plain", "encrypted")], indirect=True
)


def test_we_read_what_laravel_wrote_and_write_the_same_bytes(shared):
    with shared.browser() as browser:
        shared.post(browser, "/open", lineage="u1.1")
        shared.post(browser, "/login", user="7")
        shared.post(browser, "/cart", item="anchor.é€😀")
        shared.post(browser, "/count")
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
        shared.post(browser, "/open", lineage="u2.1")
        shared.post(browser, "/cart", item="buoy.1")
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
        assert shared.post(browser, "/count")["count"] == 42


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
        shared.post(browser, "/open", lineage="u4.1")
        sid = shared.sid(browser)
        base = shared.perform(Find(sid))
        shared.post(browser, "/count")
        attributes = shared.codec.loads(base.data)
        attributes["count"] = 99
        conflict = shared.commit(sid, base, attributes)
        assert isinstance(conflict.found, Found)
        assert shared.codec.loads(conflict.found.data)["count"] == 1
        assert browser.get("/state").json()["count"] == 1


def test_a_logout_in_laravel_is_gone_for_us(shared):
    with shared.browser() as browser:
        shared.post(browser, "/open", lineage="u5.1")
        sid = shared.sid(browser)
        base = shared.perform(Find(sid))
        shared.post(browser, "/logout")
        attributes = shared.codec.loads(base.data)
        attributes["count"] = 1
        assert type(shared.commit(sid, base, attributes)).__name__ == "Gone"
        assert shared.perform(Find(sid)) is None
