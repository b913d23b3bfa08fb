"""Loading and saving on every store with both runners: what is asked of it, and what stands there.

What somebody else does meanwhile is done by `World.meddle`, at the effect where it hurts most.
"""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from holdfast.core.errors import (
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
from holdfast.session import save
from holdfast.stores.contract import Commit, Delete, Facts, Find, Touch, Unknown

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
        return Unknown("connection closed")

    return perform


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


def test_a_payload_that_cannot_be_read_stays_as_it_is(world):
    broken = world.codec.dumps(world.codec.new())[:-3]
    world.perform(Commit(UNKNOWN_ID, None, broken, world.now + 100))
    with pytest.raises(Undecodable):
        world.load(UNKNOWN_ID)
    assert kinds(world) == [Find]
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
    assert world.save(session, after=145, touch_after=5) is True
    assert kinds(world) == [Touch, Touch]


def test_a_short_life_is_renewed_in_time(memory):
    session = memory.load(None)
    options = {"lifetime": 20, "touch_after": 60}

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
    overwrite(world, session.id, cart=["cleat"])
    with pytest.raises(SessionConflict):
        world.save(session)
    assert attributes(world, session.id)["cart"] == {0: "cleat"}


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


def test_of_two_savers_one_wins(world):
    sid = world.stored(cart=["anchor"])
    one, two = world.load(sid), world.load(sid)
    one.push("cart", "buoy")
    two.push("cart", "cleat")
    assert world.writes(one)
    with pytest.raises(SessionConflict):
        world.save(two)
    assert attributes(world, sid)["cart"] == {0: "anchor", 1: "buoy"}
    again = world.load(sid)
    again.push("cart", "cleat")
    assert world.writes(again)


def test_of_two_savers_of_the_same_bytes_one_wins(world):
    sid = world.stored(count=1)
    one, two = world.load(sid), world.load(sid)
    one.increment("count")
    two.increment("count")
    assert world.writes(one)
    with pytest.raises(SessionConflict):
        world.save(two)


def test_savers_that_load_again_lose_nothing(world):
    sid = world.stored(count=0)

    def saver(_):
        conflicts = 0
        for _ in range(5):
            while True:
                session = world.load(sid)
                session.increment("count")
                try:
                    world.save(session)
                    break
                except SessionConflict:
                    conflicts += 1
        return conflicts

    with ThreadPoolExecutor(4) as pool:
        conflicts = sum(pool.map(saver, range(4)))
    assert attributes(world, sid)["count"] == 20
    assert kinds(world).count(Commit) == 1 + 20 + conflicts


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
    facts = Facts(user_id=7, ip_address="192.0.2.1", user_agent="test")
    session = world.load(None)
    world.save(session, facts=facts)
    session.login(8)
    world.save(session, facts=Facts(user_id=8))
    with sqlite3.connect(world.store.at) as connection:
        rows = connection.execute("SELECT id, user_id, ip_address FROM sessions").fetchall()
    connection.close()
    assert rows == [(session.id, 8, None)]


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


def test_regenerate_leaves_the_old_record(world):
    sid = world.stored(count=1)
    before = world.found(sid)
    session = world.load(sid)
    session["count"] = 2
    session.regenerate()
    assert world.save(session) is True
    assert world.found(sid) == before
    assert attributes(world, session.id)["count"] == 2


def test_login_moves_the_session_to_a_new_id(world):
    sid = world.stored(cart=["anchor"])
    kinds(world)
    session = world.load(sid)
    session.login(7)
    session.regenerate()
    assert world.save(session) is True
    assert kinds(world) == [Find, Commit, Touch, Delete]
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


@pytest.mark.parametrize("moment", [Commit, Touch], ids=["before", "while it moves"])
def test_login_loses_no_parallel_write(world, moment):
    sid = world.stored(cart=["anchor"])
    session = world.load(sid)
    session.login(7)
    world.meddle = at(moment, lambda effect: overwrite(world, sid, cart=["anchor", "buoy"]))
    with pytest.raises(SessionConflict):
        world.save(session)
    assert world.sids() == {sid}
    assert attributes(world, sid)["cart"] == {0: "anchor", 1: "buoy"}
    assert world.load(sid).user_id() is None


@pytest.mark.parametrize("moment", [Commit, Touch], ids=["before", "while it moves"])
def test_login_of_a_session_that_ended_meanwhile_brings_nothing_back(world, moment):
    sid = world.stored(cart=["anchor"])
    session = world.load(sid)
    session.login(7)
    world.meddle = at(moment, lambda effect: world.perform(Delete(sid)) and None)
    with pytest.raises(SessionGone):
        world.save(session)
    assert world.sids() == set()


def test_a_record_that_was_ended_is_gone_before_it_is_deleted(world, laravel):
    sid = world.stored(cart=["anchor"])
    files = world.store.name in ("file", "database")
    assert not files or b"anchor" in laravel.reads(world.store, sid)
    session = world.load(sid)
    session.login(7)
    seen = []

    def look(effect):
        assert effect.sid == sid
        seen.append(world.found(sid))
        if files:
            # Its replicas' clocks may be slow, and it reads a session in the second it expires.
            seen.extend(laravel.reads(world.store, sid, behind=s) or None for s in (0, 1, 3600))

    world.meddle = at(Delete, look)
    assert world.save(session) is True
    assert seen == [None] * (4 if files else 1)
    assert not files or b"anchor" in laravel.reads(world.store, session.id)


def test_what_cannot_be_cleaned_up_is_no_failure(world):
    sid = world.stored(cart=["anchor"])
    session = world.load(sid)
    session.login(7)
    world.meddle = at(Delete, failing(StoreUnavailable("the store is away")))
    assert world.save(session) is True
    assert world.load(session.id).user_id() == 7
    assert world.found(sid) is None

    session.login(8)
    world.meddle = lambda effect: (
        overwrite(world, effect.sid, cart=[])
        if isinstance(effect, Touch)
        else at(Delete, failing(StoreUnavailable("the store is away")))(effect)
    )
    with pytest.raises(SessionConflict):
        world.save(session)


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
    session.flush()
    session.migrate(destroy=True)
    assert world.save(session) is True
    assert world.sids() == set()


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


@pytest.mark.parametrize(
    ("change", "kind", "after"),
    [
        (changed, Commit, 0),
        (lambda session: None, Touch, 100),
        (lambda session: session.login(7), Commit, 0),
        (lambda session: session.login(7), Touch, 0),
        (lambda session: session.regenerate(), Commit, 0),
        (lambda session: session.invalidate(), Delete, 0),
    ],
    ids=["save", "renewal", "login: create", "login: end", "regenerate", "logout"],
)
def test_a_lost_answer_is_neither_yes_nor_no(world, change, kind, after):
    session = world.load(world.stored(count=1))
    before = session.record
    change(session)
    world.meddle = at(kind, lost(world))
    with pytest.raises(SaveUnknown, match="connection closed") as caught:
        world.save(session, after=after)
    assert isinstance(world.effects[-1], kind)
    assert session.record == before
    for sid in (session.id, before.sid):
        assert sid not in str(caught.value) + caught.value.hint + repr(caught.value)


def test_after_a_lost_answer_the_store_knows(world):
    sid = world.stored(count=1)
    session = world.load(sid)
    session["count"] = 2
    world.meddle = at(Commit, lost(world))
    with pytest.raises(SaveUnknown):
        world.save(session)
    assert world.load(sid)["count"] == 2
    with pytest.raises(SessionConflict):
        world.save(session)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (changed, Commit),
        (lambda session: session.login(7), Commit),
        (lambda session: session.login(7), Touch),
        (lambda session: session.invalidate(), Delete),
    ],
    ids=["save", "login: create", "login: end", "logout"],
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
    sid = memory.stored(secret_name="secret")
    one, two = memory.load(sid), memory.load(sid)
    one["x"] = two["x"] = "other secret"
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
