"""Loading and saving on every store with both runners: what is asked of it, and what stands there.

What somebody else does meanwhile is done by `World.meddle`, at the effect where it hurts most.
"""

from __future__ import annotations

import itertools
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from holdfast.core.errors import (
    AuthConflict,
    LevelRefused,
    SaveUnknown,
    SessionConflict,
    SessionGone,
    StoreReadOnly,
    StoreUnavailable,
    Undecodable,
)
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.names import is_session_id, login_key
from holdfast.laravel.payload import Codec
from holdfast.session import Policy, Rules, save
from holdfast.session.grace import Shown
from holdfast.session.policy import Levels
from holdfast.stores.contract import (
    Commit,
    Delete,
    Facts,
    Find,
    Move,
    SetAside,
    Touch,
    Unknown,
    remembers,
)

UNKNOWN_ID = "u" * 40
NO_IDS = [None, "", "x" * 39, "x" * 41, "../" + "x" * 37, "x" * 39 + "\n", "é" * 40, "١" * 40]


def kinds(world):
    """The kinds of the effects since the last call."""
    asked = [type(effect) for effect in world.effects]
    world.effects.clear()
    return asked


def at(kind, action, times=1):
    """Meddle with the first effects of a kind: whatever the action returns is their answer."""
    left = [times]

    def meddle(effect):
        if isinstance(effect, kind) and left[0]:
            left[0] -= 1
            return action(effect)
        return None

    return meddle


def lost(world):
    """The effect is performed; its answer does not come back."""

    def perform(effect):
        world.perform(effect)
        return Unknown("connection closed", remembered=remembers(effect))

    return perform


class Counted:
    """Metrics that are looked at."""

    def __init__(self):
        self.events = []

    def count(self, event, **labels):
        self.events.append(event)


def failing(error):
    def fail(effect):
        raise error

    return fail


def overwrite(world, sid, **attributes):
    """What another request does: it loads, changes and saves."""
    other = world.codec.loads(world.found(sid).data)
    other.update(attributes)
    found = world.found(sid)
    world.perform(Commit(sid, found, world.codec.dumps(other), found.expires_at))


def attributes(world, sid):
    return dict(world.codec.loads(world.found(sid).data))


# Loading


def test_a_new_session_is_stored_and_found_again(world):
    session = world.load(None)
    session["cart"] = ["anchor"]
    assert session.is_new
    assert world.save(session) is True
    assert kinds(world) == [Commit]
    assert not session.is_new
    again = world.load(session.id)
    assert not again.is_new
    assert again.id == session.id
    assert again.token == session.token
    assert again["cart"] == {0: "anchor"}
    assert world.found(session.id).expires_at - world.now - world.store.lifetime in (-1, 0, 1)


def test_what_is_no_id_asks_the_store_nothing(memory):
    for sid in NO_IDS:
        session = memory.load(sid)
        assert session.is_new
        assert session.id != sid
        assert is_session_id(session.id)
    assert memory.effects == []


def test_an_unknown_id_never_comes_to_life(world):
    session = world.load(UNKNOWN_ID)
    assert session.id != UNKNOWN_ID
    session["cart"] = ["anchor"]
    assert world.save(session) is True
    assert world.sids() == {session.id}


def test_bytes_that_cannot_be_read_are_set_aside_and_stay(world):
    broken = world.codec.dumps(world.codec.new())[:-3]
    world.perform(Commit(UNKNOWN_ID, None, broken, world.now + 100))
    world.policy = Policy(metrics=(counted := Counted()))
    session = world.load(UNKNOWN_ID)
    assert session.is_new
    assert session.id != UNKNOWN_ID
    assert kinds(world) == [Find, SetAside]
    assert world.effects == []
    assert counted.events == ["undecodable"]
    assert world.found(UNKNOWN_ID).data == broken


@pytest.mark.parametrize("full", [False, True])
def test_bytes_that_cannot_be_kept_are_not_replaced(world, full):
    broken = world.codec.dumps(world.codec.new())[:-3]
    world.perform(Commit(UNKNOWN_ID, None, broken, world.now + 100))
    if full:
        world.meddle = at(SetAside, lambda effect: False)
    else:
        world.policy = Policy(undecodable="refuse")
    with pytest.raises(Undecodable):
        world.load(UNKNOWN_ID)
    assert kinds(world) == [Find, SetAside] if full else [Find]
    assert world.found(UNKNOWN_ID).data == broken


# Saving what has not changed


def test_a_session_that_was_only_read_is_not_written(world):
    sid = world.stored(cart=["anchor"], deep={"er": {"x": 1}})
    before = world.found(sid)
    kinds(world)
    session = world.load(sid)
    assert session["deep"]["er"]["x"] == 1
    assert session.get("cart.0") == "anchor"
    session["cart"] = {0: "anchor"}
    session["cart"] = ["anchor"]
    session.put("deep.er.x", 1)
    session.flash("x")
    session.forget("x", "_flash.new.0")
    assert world.save(session) is False
    assert kinds(world) == [Find]
    assert world.found(sid) == before


def test_its_expiry_is_moved_when_a_minute_is_gone(world):
    sid = world.stored(cart=["anchor"])
    before = world.found(sid)
    kinds(world)
    assert world.save(world.load(sid), after=55) is False
    assert kinds(world) == [Find]
    session = world.load(sid)
    assert world.save(session, after=65) is True
    assert kinds(world) == [Find, Touch]
    after = world.found(sid)
    assert after.data == before.data
    assert abs(after.expires_at - before.expires_at - 65) <= 1
    assert world.save(session, after=70) is False
    assert world.save(session, after=140) is True
    world.policy = Policy(touch_after=5)
    assert world.save(session, after=145) is True
    assert kinds(world) == [Touch, Touch]


def test_a_short_life_is_renewed_in_time(memory):
    session = memory.load(None)
    options = {"lifetime": 20, "policy": Policy(touch_after=60)}

    def saved(after):
        return memory.run(save(session, memory.codec, now=memory.now + after, **options))

    assert saved(0) is True
    assert saved(9) is False
    assert saved(10) is True
    assert memory.found(session.id).expires_at == memory.now + 30


def test_a_lifetime_that_was_shortened_holds_for_old_sessions(memory):
    session = memory.load(memory.stored())
    assert memory.run(save(session, memory.codec, lifetime=600, now=memory.now)) is True
    assert memory.found(session.id).expires_at == memory.now + 600


def test_a_request_that_only_read_never_fails_for_what_others_did(world):
    sid = world.stored(count=1)
    reader = world.load(sid)
    world.meddle = at(Touch, lambda effect: overwrite(world, sid, count=2))
    assert world.save(reader, after=100) is False
    assert attributes(world, sid)["count"] == 2
    reader = world.load(sid)
    world.meddle = at(Touch, lambda effect: world.perform(Delete(sid)) and None)
    assert world.save(reader, after=100) is False
    assert world.sids() == set()


# Saving changes


def test_a_change_moves_the_expiry_in_the_same_steps(world):
    sid = world.stored(count=1)
    before = world.found(sid)
    session = world.load(sid)
    session["count"] = 2
    assert world.save(session, after=55) is False
    assert world.found(sid).expires_at == before.expires_at
    assert attributes(world, sid)["count"] == 2
    session["count"] = 3
    assert world.save(session, after=65) is True
    assert abs(world.found(sid).expires_at - before.expires_at - 65) <= 1
    assert attributes(world, sid)["count"] == 3


def test_a_change_is_written_over_exactly_what_was_read(world):
    sid = world.stored(count=1, deep={"er": 1})
    base = world.found(sid)
    kinds(world)
    session = world.load(sid)
    session["deep"]["er"] = 2
    assert world.writes(session, after=1)
    find, commit = world.effects
    assert isinstance(find, Find)
    assert isinstance(commit, Commit)
    assert commit.base == base
    assert attributes(world, sid)["deep"] == {"er": 2}


def test_a_session_can_be_saved_again(world):
    session = world.load(None)
    world.save(session)
    session["cart"] = ["anchor"]
    assert world.writes(session)
    session["cart"].append("buoy")
    assert world.writes(session)
    assert world.save(session) is False
    assert kinds(world) == [Commit] * 3
    assert attributes(world, session.id)["cart"] == {0: "anchor", 1: "buoy"}
    session["cart"].pop()
    overwrite(world, session.id, note="x")
    world.save(session)
    assert attributes(world, session.id)["cart"] == {0: "anchor"}
    assert attributes(world, session.id)["note"] == session["note"] == "x"


def test_a_change_back_to_what_was_read_first_is_a_change(world):
    sid = world.stored(count=1)
    session = world.load(sid)
    session["count"] = 2
    assert world.writes(session)
    session["count"] = 1
    assert world.writes(session)
    assert attributes(world, sid)["count"] == 1


@pytest.mark.parametrize("serialization", ["php", "json"])
def test_encrypted_bytes_of_an_unchanged_session_stay(world, serialization):
    encrypter = Encrypter.from_app_key("k" * 32)
    world.codec = Codec(world.store.form, serialization, encrypter)
    sid = world.stored(cart=["anchor"], text="zoë/1", part=1.5)
    before = world.found(sid)
    session = world.load(sid)
    kinds(world)
    assert world.save(session) is False
    assert world.found(sid) == before
    session["cart"] = ["buoy"]
    assert world.writes(session)
    assert world.save(session) is False
    assert kinds(world) == [Commit]
    assert attributes(world, sid)["cart"] == {0: "buoy"}


def test_of_two_savers_both_win(world):
    sid = world.stored(cart=["anchor"], colour="red")
    one, two = world.load(sid), world.load(sid)
    one.push("cart", "buoy")
    two.push("cart", "cleat")
    two["note"] = "hers"
    assert world.writes(one)
    kinds(world)
    assert world.save(two) is False
    assert kinds(world) == [Commit, Commit]
    after = attributes(world, sid)
    assert after["cart"] == two["cart"] == {0: "anchor", 1: "buoy", 2: "cleat"}
    assert (after["note"], after["colour"]) == ("hers", "red")
    assert two.conflicts == ()


@pytest.mark.parametrize("serialization", ["php", "json"])
@pytest.mark.parametrize("encrypter", [None, Encrypter.from_app_key("k" * 32)])
def test_it_merges_whatever_the_serialization(world, serialization, encrypter):
    world.codec = Codec(world.store.form, serialization, encrypter)
    world.policy = Policy(rules=Rules(counters=frozenset({"cart.count"})))
    sid = world.stored(cart={"count": 1, "items": ["anchor"]})
    one, two = world.load(sid), world.load(sid)
    for session, item in ((one, "buoy"), (two, "cleat")):
        session.increment("cart.count")
        session.push("cart.items", item)
        session[item] = "zoë/1"
        world.save(session)
    after = attributes(world, sid)
    assert after["cart"] == {"count": 3, "items": {0: "anchor", 1: "buoy", 2: "cleat"}}
    assert after["buoy"] == after["cleat"] == "zoë/1"


def test_the_later_save_wins_a_conflict_and_says_so(world):
    sid = world.stored(colour="red", size=1)
    one, two = world.load(sid), world.load(sid)
    one["colour"], two["colour"], two["size"] = "blue", "green", 2
    world.save(one)
    world.policy = Policy(metrics=(counted := Counted()))
    world.save(two)
    assert attributes(world, sid)["colour"] == "green"
    assert two.conflicts == ("colour",)
    assert counted.events == ["merged", "conflict"]


@pytest.mark.parametrize(("declared", "count"), [(True, 3), (False, 2)])
def test_two_equal_increments_are_two_where_they_are_declared(world, declared, count):
    if declared:
        world.policy = Policy(rules=Rules(counters=frozenset({"count"})))
    sid = world.stored(count=1)
    one, two = world.load(sid), world.load(sid)
    one.increment("count")
    two.increment("count")
    assert world.writes(one)
    assert world.writes(two)
    assert attributes(world, sid)["count"] == count


def test_parallel_savers_lose_nothing(world):
    """40 writers to different keys, each of them to a counter and a list too."""
    world.policy = Policy(rules=Rules(counters=frozenset({"count"}), lists=frozenset({"log"})))
    sid = world.stored(count=0, log=[])

    def saver(number):
        session = world.load(sid)
        session.increment("count")
        session.push("log", number)
        session[f"mine{number}"] = number
        world.save(session)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(saver, range(40)))
    after = attributes(world, sid)
    assert {key for key in after if str(key).startswith("mine")} == {f"mine{n}" for n in range(40)}
    assert after["count"] == 40
    assert sorted(after["log"].values()) == list(range(40))


def test_attempts_are_bounded(world):
    world.policy = Policy(attempts=3, pause=0)
    sid = world.stored(count=0)
    session = world.load(sid)
    session["note"] = "mine"
    others = itertools.count(1)
    world.meddle = at(Commit, lambda effect: overwrite(world, sid, count=next(others)), times=99)
    kinds(world)
    with pytest.raises(SessionConflict) as refused:
        world.save(session)
    assert kinds(world) == [Commit] * 3
    assert refused.value.hint
    assert "note" not in attributes(world, sid)


def test_an_exclusive_key_is_not_merged(world):
    world.policy = Policy(rules=Rules(exclusive=frozenset({"orders"})))
    sid = world.stored(orders=[])
    one, two = world.load(sid), world.load(sid)
    one.push("orders", "a")
    two.push("orders", "b")
    world.save(one)
    with pytest.raises(SessionConflict, match="orders"):
        world.save(two)
    assert attributes(world, sid)["orders"] == {0: "a"}


def test_what_another_saved_and_cannot_be_read_is_not_overwritten(world):
    sid = world.stored(count=1)
    session = world.load(sid)
    session["count"] = 2
    found = world.found(sid)
    world.perform(Commit(sid, found, found.data[:-3], found.expires_at))
    with pytest.raises(Undecodable):
        world.save(session)
    assert world.found(sid).data == found.data[:-3]


def test_a_merge_that_changes_nothing_writes_nothing(world):
    sid = world.stored(colour="red")
    one, two = world.load(sid), world.load(sid)
    one["colour"] = two["colour"] = "blue"
    one["size"] = 1
    world.save(one)
    kinds(world)
    world.save(two)
    assert kinds(world) == [Commit]
    assert world.save(two) is False
    assert two["size"] == 1


def test_a_value_that_cannot_be_stored_writes_nothing(world):
    sid = world.stored(count=1)
    before = world.found(sid)
    session = world.load(sid)
    session["count"] = object()
    with pytest.raises(TypeError):
        world.save(session)
    session = world.load(None)
    session["count"] = {1, 2}
    with pytest.raises(TypeError):
        world.save(session)
    assert world.found(sid) == before
    assert world.sids() == {sid}


@pytest.mark.parametrize("world", ["database in threads", "database in tasks"], indirect=True)
def test_facts_go_into_the_row(world):
    def facts(session):
        return Facts(user_id=session.user_id(), ip_address="192.0.2.1", user_agent="test")

    session = world.load(None)
    world.save(session, facts=facts)
    session.login(8)
    world.save(session, facts=facts)
    with sqlite3.connect(world.store.at) as connection:
        rows = connection.execute("SELECT id, user_id, ip_address FROM sessions").fetchall()
    connection.close()
    assert rows == [(session.id, 8, "192.0.2.1")]


# A new id


def test_an_id_that_is_taken_is_left_to_its_owner(world):
    theirs = world.codec.dumps(world.codec.new())
    session = world.load(None)
    taken = session.id

    def take(effect):
        world.perform(Commit(effect.sid, None, theirs, world.now + 100))

    world.meddle = at(Commit, take)
    assert world.save(session) is True
    assert session.id != taken
    assert world.sids() == {session.id, taken}
    assert world.found(taken).data == theirs
    world.meddle = at(Commit, take, times=99)
    with pytest.raises(SessionConflict):
        world.save(world.load(None))


def test_regenerate_ends_the_old_id(world):
    sid = world.stored(count=1)
    session = world.load(sid)
    session["count"] = 2
    session.regenerate()
    assert world.save(session) is True
    assert world.sids() == {session.id}
    assert attributes(world, session.id)["count"] == 2
    assert world.load(sid).is_new


def test_login_moves_the_session_to_a_new_id(world):
    sid = world.stored(cart=["anchor"])
    kinds(world)
    session = world.load(sid)
    session.login(7)
    session.regenerate()
    assert world.save(session) is True
    assert kinds(world) == [Find, Move]
    assert world.sids() == {session.id}
    assert session.id != sid
    moved = attributes(world, session.id)
    assert moved[login_key()] == 7
    assert moved["cart"] == {0: "anchor"}
    assert world.save(session) is False
    late = world.load(sid)
    assert late.is_new
    assert late.user_id() is None


def test_login_of_a_visitor_without_a_session(world):
    session = world.load(None)
    session.login(7)
    assert world.save(session) is True
    assert kinds(world) == [Commit]
    assert world.load(session.id).user_id() == 7


def test_login_loses_no_parallel_write(world):
    sid = world.stored(cart=["anchor"])
    session = world.load(sid)
    session.login(7)
    world.meddle = at(Move, lambda effect: overwrite(world, sid, cart=["anchor", "buoy"]))
    assert world.save(session) is True
    assert world.sids() == {session.id}
    assert attributes(world, session.id)["cart"] == {0: "anchor", 1: "buoy"}
    assert world.load(session.id).user_id() == 7


def test_login_of_a_session_that_ended_meanwhile_brings_nothing_back(world):
    sid = world.stored(cart=["anchor"])
    session = world.load(sid)
    session.login(7)
    world.meddle = at(Move, lambda effect: world.perform(Delete(sid)) and None)
    with pytest.raises(SessionGone):
        world.save(session)
    assert world.sids() == set()


def test_laravel_finds_no_record_that_was_moved(world, laravel):
    sid = world.stored(cart=["anchor"])
    if world.store.name not in ("file", "database"):
        return
    assert b"anchor" in laravel.reads(world.store, sid)
    session = world.load(sid)
    session.login(7)
    assert world.save(session) is True
    # Its replicas' clocks may be slow, and it reads a session in the second it expires.
    assert [laravel.reads(world.store, sid, behind=s) for s in (0, 1, 3600)] == [b""] * 3
    assert b"anchor" in laravel.reads(world.store, session.id)


THE_BROWSER = Shown(b"sealed cookie", None)


def test_requests_in_flight_at_a_login_are_led_to_the_new_id(world):
    sid = world.stored(cart=["anchor"])
    login, writer = (world.load(sid, shown=THE_BROWSER) for _ in range(2))
    old_token = login.token
    login.login(7)
    login.regenerate_token()
    world.save(login)
    # A request that was sent before, and loads after.
    reader = world.load(sid, shown=THE_BROWSER)
    assert reader.id == login.id
    assert reader.user_id() == 7
    assert reader.followed
    assert reader.accepts(old_token)
    assert reader.accepts(login.token)
    assert not reader.accepts("x" * 40)
    assert world.save(reader) is True  # the cookie
    # One that had loaded before, and saves after.
    writer.push("cart", "buoy")
    world.policy = Policy(metrics=(counted := Counted()))
    assert world.save(writer) is True
    assert counted.events == ["followed", "merged"]
    assert writer.id == login.id
    assert world.sids() == {login.id}
    after = world.load(login.id)
    assert after.user_id() == 7
    assert after["cart"] == {0: "anchor", 1: "buoy"}


@pytest.mark.parametrize(
    "shown",
    [None, Shown(b"another cookie", None), Shown(THE_BROWSER.cookie, "another token")],
)
def test_nobody_else_is_led_to_the_new_id(world, shown):
    sid = world.stored(cart=["anchor"])
    login, thief = world.load(sid, shown=THE_BROWSER), world.load(sid, shown=shown)
    login.login(7)
    world.save(login)
    late = world.load(sid, shown=shown)
    assert late.is_new
    assert late.user_id() is None
    thief["cart"] = ["buoy"]
    with pytest.raises(SessionGone):
        world.save(thief)
    assert attributes(world, login.id)["cart"] == {0: "anchor"}


def test_without_a_grace_the_old_id_is_dead_at_once(world):
    world.policy = Policy(grace_seconds=0)
    sid = world.stored(cart=["anchor"])
    login = world.load(sid, shown=THE_BROWSER)
    login.login(7)
    world.save(login)
    assert world.load(sid, shown=THE_BROWSER).is_new


def test_two_logins_at_once_as_the_same_user(world):
    sid = world.stored(cart=["anchor"])
    one, two = (world.load(sid, shown=THE_BROWSER) for _ in range(2))
    for session in (one, two):
        session.login(7)
    one["note"] = "one"
    world.save(one)
    assert world.save(two) is True
    assert world.sids() == {two.id}
    for lead in (sid, one.id):
        found = world.load(lead, shown=THE_BROWSER)
        assert (found.id, found.user_id(), found["note"]) == (two.id, 7, "one")


def test_two_logins_at_once_as_different_users(world):
    sid = world.stored(cart=["anchor"])
    one, two = (world.load(sid, shown=THE_BROWSER) for _ in range(2))
    one.login(7)
    two.login(8)
    world.save(one)
    with pytest.raises(AuthConflict):
        world.save(two)
    assert world.sids() == {one.id}
    assert world.load(one.id).user_id() == 7


def test_a_login_that_meets_a_logout_is_refused_and_one_of_another_guard_is_kept(world):
    sid = world.stored(**{login_key(): 7})
    logout, login, admin = (world.load(sid, shown=THE_BROWSER) for _ in range(3))
    logout.logout()
    world.save(logout)
    login.login(8)
    with pytest.raises(AuthConflict):
        world.save(login)
    assert world.sids() == {sid}
    admin.login(5, "admin")
    assert world.save(admin) is True
    found = world.load(admin.id)
    assert (found.user_id(), found.user_id("admin")) == (None, 5)


def test_a_logout_is_not_followed(world):
    sid = world.stored(cart=["anchor"], **{login_key(): 7})
    logout, late = (world.load(sid, shown=THE_BROWSER) for _ in range(2))
    logout.invalidate()
    world.save(logout)
    late["cart"] = ["buoy"]
    with pytest.raises(SessionGone):
        world.save(late)
    assert world.load(sid, shown=THE_BROWSER).is_new


# Logout


def test_logout_ends_the_session_whatever_was_written_meanwhile(world):
    sid = world.stored(cart=["anchor"], **{login_key(): 7})
    session = world.load(sid)
    kinds(world)
    session.logout()
    session.invalidate()
    token = session.token
    world.meddle = at(Delete, lambda effect: overwrite(world, sid, cart=["buoy"]))
    assert world.save(session) is True
    assert kinds(world) == [Delete, Commit]
    assert world.sids() == {session.id}
    assert set(attributes(world, session.id)) == {"_token", "_flash"}
    assert world.load(session.id).token == token


def test_a_late_save_after_logout_brings_nothing_back(world):
    sid = world.stored(**{login_key(): 7})
    late = world.load(sid)
    late["cart"] = ["anchor"]
    session = world.load(sid)
    session.invalidate()
    assert world.save(session) is True
    with pytest.raises(SessionGone):
        world.save(late)
    assert world.sids() == set()
    assert world.load(sid).is_new


def test_logout_twice_is_no_error(world):
    sid = world.stored(**{login_key(): 7})
    one, two = world.load(sid), world.load(sid)
    for session in (one, two):
        session.invalidate()
        assert world.save(session) is True
    assert world.sids() == set()


def test_a_session_with_nothing_in_it_is_not_stored(world):
    session = world.load(None)
    session.flush()
    assert world.save(session) is False
    session = world.load(world.stored(cart=["anchor"]))
    session.invalidate()
    assert world.save(session) is True
    assert world.sids() == set()
    assert session.is_new
    session["cart"] = ["buoy"]
    assert world.save(session) is True
    assert world.sids() == {session.id}


def test_login_after_logout_in_one_request(world):
    sid = world.stored(cart=["anchor"], **{login_key(): 7})
    session = world.load(sid)
    session.invalidate()
    session.login(8)
    overwrite(world, sid, cart=["buoy"])
    assert world.save(session) is True
    assert world.sids() == {session.id}
    assert world.load(session.id).user_id() == 8


def test_logout_after_a_new_id_ends_the_record_that_is_stored(world):
    session = world.load(world.stored(**{login_key(): 7}))
    session.regenerate()
    session.invalidate()
    assert world.save(session) is True
    assert world.sids() == set()


# Trouble


def changed(session):
    session["count"] = 2


def logged_out(session):
    session.invalidate()
    session.regenerate_token()


LOST = [
    (changed, Commit, 0),
    (lambda session: None, Touch, 100),
    (lambda session: session.login(7), Move, 0),
    (lambda session: session.regenerate(), Move, 0),
    (logged_out, Delete, 0),
]
NAMES = ["save", "renewal", "login", "regenerate", "logout"]


@pytest.mark.parametrize(("change", "kind", "after"), LOST, ids=NAMES)
@pytest.mark.parametrize("times", [1, 3])
def test_a_lost_answer_is_asked_for_again(world, change, kind, after, times):
    """The effect is performed once, however often its answer is lost."""
    sid = world.stored(count=1)
    session = world.load(sid)
    change(session)
    world.meddle = at(kind, lost(world), times=times)
    kinds(world)
    assert world.save(session, after=after) is (kind is not Commit)
    assert kinds(world) == [kind] * (times + 1) + ([Commit] if kind is Delete else [])
    assert len(world.sids()) == 1
    assert (session.id == sid) == (kind in (Commit, Touch))
    again = world.load(session.id)
    assert not again.is_new
    assert again.get("count") == {Commit: 2, Delete: None}.get(kind, 1)
    session["more"] = 1
    world.save(session, after=after)
    assert attributes(world, session.id)["more"] == 1


def test_a_lost_create_is_not_made_twice(world):
    session = world.load(None)
    world.meddle = at(Commit, lost(world))
    first = session.id
    assert world.save(session) is True
    assert session.id == first
    assert world.sids() == {first}


def test_what_others_added_to_a_write_whose_answer_was_lost_stays(world):
    world.policy = Policy(rules=Rules(counters=frozenset({"count"}), lists=frozenset({"log"})))
    sid = world.stored(count=1, log=["a"])
    mine, theirs = world.load(sid), world.load(sid)
    for session, name in ((mine, "b"), (theirs, "c")):
        session.increment("count")
        session.push("log", name)

    def lose(effect):
        answer = lost(world)(effect)
        world.meddle = lambda effect: None
        world.save(theirs)
        return answer

    world.meddle = at(Commit, lose)
    world.save(mine)
    after = attributes(world, sid)
    assert after["count"] == 3
    assert sorted(after["log"].values()) == ["a", "b", "c"]


@pytest.mark.parametrize(("change", "kind", "after"), LOST, ids=NAMES)
def test_an_answer_that_stays_lost_is_neither_yes_nor_no(world, change, kind, after):
    world.policy = Policy(repeats=2, pause=0, metrics=(counted := Counted()))
    session = world.load(world.stored(count=1))
    before = session.record
    change(session)
    world.meddle = at(kind, lost(world), times=99)
    with pytest.raises(SaveUnknown, match="connection closed") as caught:
        world.save(session, after=after)
    assert isinstance(world.effects[-1], kind)
    assert session.record == before
    assert counted.events == ["repeated"] * 2 + ["unknown"]
    for sid in (session.id, before.sid):
        assert sid not in str(caught.value) + caught.value.hint + repr(caught.value)


def test_a_store_that_is_away_when_it_is_asked_again(world):
    """It may be back in a moment; a write that may have happened is not called unsaved."""
    session = world.load(world.stored(count=1))
    changed(session)
    answers = iter([lost(world), failing(StoreUnavailable("away")), lambda effect: None])
    world.meddle = at(Commit, lambda effect: next(answers)(effect), times=3)  # noqa: PLW0108
    world.save(session)
    assert attributes(world, session.id)["count"] == 2


@pytest.fixture
def forgetful(memory):
    """A store without room beside its sessions: it knows no write again.

    The arguments say of each write whether its answer is lost.
    """

    def losing(*losses):
        left = list(losses)

        def meddle(effect):
            if not isinstance(effect, Commit | Move) or effect.write_id is None:
                return None
            answer = memory.perform(replace(effect, write_id=None, again=False))
            return Unknown("connection closed") if left and left.pop(0) else answer

        memory.meddle = meddle
        return memory

    return losing


def test_where_no_write_is_remembered_bytes_decide(forgetful):
    world = forgetful(False, True, False)
    sid = world.stored(count=1)
    session = world.load(sid)
    session["count"] = 2
    world.save(session)
    assert attributes(world, sid)["count"] == 2
    assert world.save(session) is False


def test_where_no_write_is_remembered_nothing_is_added_twice(forgetful):
    world = forgetful(False, True, False)
    sid = world.stored(log=["a"])
    session = world.load(sid)
    session.push("log", "b")

    def another(effect):
        overwrite(world, sid, log=["a", "b", "c"])

    inner = world.meddle
    world.meddle = lambda effect: (
        another(effect) or inner(effect)
        if isinstance(effect, Commit) and effect.again
        else inner(effect)
    )
    with pytest.raises(SaveUnknown):
        world.save(session)
    assert attributes(world, sid)["log"] == {0: "a", 1: "b", 2: "c"}


def test_where_no_write_is_remembered_a_counter_is_left_in_doubt(forgetful):
    world = forgetful(False, True, False)
    world.policy = Policy(rules=Rules(counters=frozenset({"count"})))
    sid = world.stored(count=1)
    session = world.load(sid)
    session["count"] = 2
    with pytest.raises(SaveUnknown):
        world.save(session)
    assert attributes(world, sid)["count"] == 2


def test_where_no_write_is_remembered_a_move_is_found_by_its_id(forgetful):
    world = forgetful(False, True, False)
    session = world.load(world.stored(count=1))
    session.login(7)
    world.save(session)
    assert world.sids() == {session.id}
    assert world.load(session.id).user_id() == 7


@pytest.mark.parametrize("kind", [Commit, Move, Delete])
def test_a_level_that_cannot_be_held_writes_nothing(world, kind):
    levels = {Commit: {"data": "strict"}, Move: {"login": "strict"}, Delete: {"logout": "strict"}}
    world.policy = Policy(levels=Levels(**levels[kind]))
    sid = UNKNOWN_ID
    world.perform(Commit(sid, None, world.codec.dumps(world.codec.new()), world.now + 100))
    session = world.load(sid)
    {Commit: changed, Move: lambda s: s.login(7), Delete: lambda s: s.invalidate()}[kind](session)
    before = world.found(sid)
    with pytest.raises(LevelRefused) as refused:
        world.save(session)
    assert refused.value.hint
    assert world.found(sid) == before
    assert world.sids() == {sid}


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (changed, Commit),
        (lambda session: session.login(7), Move),
        (lambda session: session.invalidate(), Delete),
    ],
    ids=["save", "login", "logout"],
)
def test_after_an_error_the_session_can_be_saved_again(world, change, kind):
    session = world.load(world.stored(count=1))
    before = world.found(session.id)
    old = session.id
    change(session)
    world.meddle = at(kind, failing(StoreReadOnly("the disk is full")))
    with pytest.raises(StoreReadOnly):
        world.save(session)
    assert world.found(old) == before
    assert world.save(session) is (session.id != old)
    assert world.found(old) != before
    assert (world.found(old) is None) == (session.id != old)


def test_no_error_names_a_session(memory):
    memory.policy = Policy(rules=Rules(exclusive=frozenset({"x"})))
    sid = memory.stored(secret_name="secret")
    one, two = memory.load(sid), memory.load(sid)
    one["x"], two["x"] = "secret of one", "secret of two"
    memory.save(one)
    with pytest.raises(SessionConflict) as conflict:
        memory.save(two)
    memory.perform(Delete(sid))
    with pytest.raises(SessionGone) as gone:
        memory.save(two)
    for caught in (conflict.value, gone.value):
        assert caught.hint
        text = f"{caught!r} {caught} {caught.hint} {two!r} {two.record!r}"
        assert sid not in text
        assert "secret" not in text
