"""The session as a mapping, and what it shows of itself."""

from __future__ import annotations

import pytest

from holdfast.core.errors import FormatError
from holdfast.laravel.names import is_session_id
from holdfast.laravel.php import SessionArray
from holdfast.session import Session
from holdfast.session.session import random_text


def fresh():
    return Session(SessionArray(), random_text())


def test_as_a_mapping_it_has_the_top_level_attributes():
    session = fresh()
    session["cart"] = ["anchor"]
    session["a.b"] = 1
    session.put("a.c", 2)
    assert list(session) == ["_token", "cart", "a.b", "a"]
    assert len(session) == 4
    assert session["a"] == {"c": 2}
    assert "a.b" in session
    assert "a.c" not in session
    assert session.setdefault("cart", []) == ["anchor"]
    assert session.pop("a.b") == 1
    with pytest.raises(KeyError):
        session["a.c"]
    del session["a"]
    session.update(count=1)
    session[5] = "five"
    assert session["5"] == session.get(5) == session.get("5") == "five"
    assert session.get(b"\xff", "default") == "default"
    assert session.only(["5", "missing", "count"]) == {"count": 1, 5: "five"}


def test_what_is_handed_out_may_be_changed_in_place():
    session = Session(
        SessionArray.loads(b'a:1:{s:4:"cart";a:1:{i:0;s:6:"anchor";}}'), random_text()
    )
    session["cart"][1] = "buoy"
    assert session.get("cart.1") == "buoy"
    assert session.all()["cart"] == {0: "anchor", 1: "buoy"}


def test_pushing_keeps_a_list_a_list():
    session = fresh()
    session["cart"] = ["anchor"]
    handed_out = session["cart"]
    session.push("cart", "buoy")
    assert session["cart"] == ["anchor", "buoy"]
    assert handed_out == ["anchor"]
    with pytest.raises(TypeError, match="str"):
        session.push("_token", "x")


def test_counting_needs_a_number():
    session = fresh()
    assert session.increment("n", 2) == 2
    assert session.decrement("n") == 1
    session["n"] = "anchor"
    with pytest.raises(TypeError, match="no number") as caught:
        session.increment("n")
    assert "anchor" not in str(caught.value)


def test_ids_and_tokens_are_random():
    sessions = [fresh() for _ in range(50)]
    texts = {s.id for s in sessions} | {s.token for s in sessions}
    assert len(texts) == 100
    assert all(map(is_session_id, texts))
    assert len(set("".join(texts))) == 62


def test_a_token_is_there_whenever_it_is_asked_for():
    session = fresh()
    token = session.token
    assert session.token == session["_token"] == token
    session.regenerate_token()
    assert session.token != token
    session.invalidate()
    assert "_token" not in session
    assert len(session.token) == 40
    assert session["_token"] == session.token


def test_moving_takes_a_new_id_and_keeps_the_attributes():
    session = fresh()
    session["cart"] = ["anchor"]
    before, token = session.id, session.token
    session.migrate()
    assert session.id != before
    assert session.token == token
    session.regenerate()
    assert session.token != token
    assert session["cart"] == ["anchor"]
    session.login(7)
    session.login("uuid", guard="admin")
    assert (session.user_id(), session.user_id("admin")) == (7, "uuid")
    session.logout()
    assert (session.user_id(), session.user_id("admin")) == (None, "uuid")
    assert session["cart"] == ["anchor"]


def test_previous_page():
    session = fresh()
    assert session.previous_url is None
    session.set_previous_url("http://localhost/a?b=1")
    assert session.previous_url == "http://localhost/a?b=1"
    assert session["_previous"] == {"url": "http://localhost/a?b=1"}


def test_it_shows_nothing_of_what_it_holds():
    session = fresh()
    session["secret_key"] = "secret value"
    text = f"{session!r} {session} {session.attributes!r}"
    assert "Session of 2, new" in text
    for secret in (session.id, session.token, "secret"):
        assert secret not in text


def test_foreign_flash_lists_are_taken_for_none():
    session = fresh()
    for odd in (None, "text", 5, {"old": "text", "new": 7}):
        session["_flash"] = odd
        session.age_flash_data()
        assert session["_flash"] == {"old": {}, "new": {}}
        session["_flash"] = odd
        session.flash("status")
        session.keep("status", "status")
        assert session["_flash"] == {"old": {}, "new": {0: "status"}}
    session["_flash"] = {"old": [5, b"\xff", None, "status"]}
    session[5] = "five"
    session.age_flash_data()
    assert list(session) == ["_token", "_flash"]


def test_an_array_with_references_can_be_replaced_as_a_whole():
    array = SessionArray.loads(b'a:1:{s:1:"a";a:2:{i:0;i:1;i:1;R:3;}}')
    session = Session(array, random_text())
    assert session.get("a.0") == 1
    with pytest.raises(FormatError, match="references"):
        session.forget("a.0")
    session.push("b", 1)
    session["a"] = [2]
    assert session.get("a.0") == 2
