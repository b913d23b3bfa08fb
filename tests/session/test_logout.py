"""Logouts of sessions that other requests of the same browser give new ids meanwhile."""

from __future__ import annotations

import pytest

from holdfast.core.errors import (
    LevelRefused,
    SaveUnknown,
    SessionConflict,
    SessionGone,
    StoreUnavailable,
)
from holdfast.laravel.names import login_key
from holdfast.session import Policy
from holdfast.session.grace import Shown
from holdfast.stores.contract import (
    Commit,
    Delete,
    Elsewhere,
    Missing,
    Refused,
    Unknown,
)
from holdfast.stores.database import DatabaseStore

BROWSER = Shown(b"sealed cookie", None)


@pytest.fixture(params=[10, 0], ids=["grace", "no grace"])
def grace(request):
    """Seconds for which an old id leads to the new one."""
    return request.param


@pytest.fixture
def logged_in(world):
    """The id of a session of user 7."""
    return world.stored(cart=["anchor"], **{login_key(): 7})


def moved(world, sid, hops=1):
    """Give a session one new id after the other; all ids that it had."""
    sids = [sid]
    for _ in range(hops):
        session = world.load(sids[-1], shown=BROWSER)
        session.regenerate()
        world.save(session)
        sids.append(session.id)
    return sids


def deletes(world):
    return [effect.sid for effect in world.effects if isinstance(effect, Delete)]


def log_out(world, session):
    session.logout()
    session.invalidate()
    session.regenerate_token()
    return world.save(session)


@pytest.mark.parametrize("hops", [1, 2, 5])
def test_it_ends_the_session_wherever_that_has_moved(world, logged_in, grace, hops):
    world.policy = Policy(grace_seconds=grace)
    session = world.load(logged_in, shown=BROWSER)
    sids = moved(world, logged_in, hops)
    assert log_out(world, session) is True
    assert deletes(world) == sids
    assert world.sids() == {session.id}
    for sid in sids:
        assert world.load(sid, shown=BROWSER).is_new
    assert world.load(session.id).user_id() is None


def test_a_login_that_was_saved_before_it_is_ended_too(world, grace):
    world.policy = Policy(grace_seconds=grace)
    sid = world.stored(cart=["anchor"])
    session, login = (world.load(sid, shown=BROWSER) for _ in range(2))
    login.login(7)
    world.save(login)
    log_out(world, session)
    assert world.sids() == {session.id}


@pytest.mark.parametrize("hops", [1, 2])
def test_a_move_that_comes_between_is_met_at_the_next_hop(world, logged_in, grace, hops):
    world.policy = Policy(grace_seconds=grace)
    session = world.load(logged_in, shown=BROWSER)
    first, *_, last = sids = moved(world, logged_in)

    def meddle(effect):
        nonlocal last
        if isinstance(effect, Delete) and effect.sid == last and len(sids) < hops + 2:
            world.meddle = lambda effect: None
            last = moved(world, last)[-1]
            sids.append(last)
            world.meddle = meddle

    world.meddle = meddle
    log_out(world, session)
    assert deletes(world) == sids
    assert len(sids) == hops + 2
    assert world.sids() == {session.id}
    assert world.load(first, shown=BROWSER).is_new


@pytest.mark.parametrize("lost_at", [0, 1, 2])
def test_a_lost_answer_loses_no_trace(world, logged_in, grace, lost_at):
    world.policy = Policy(grace_seconds=grace, pause=0)
    session = world.load(logged_in, shown=BROWSER)
    sids = moved(world, logged_in, 2)
    left = [sids[lost_at]]

    def lose(effect):
        if isinstance(effect, Delete) and effect.sid in left:
            left.clear()
            world.perform(effect)
            return Unknown("connection closed")
        return None

    world.meddle = lose
    log_out(world, session)
    assert deletes(world) == sorted([*sids, sids[lost_at]], key=sids.index)
    assert world.sids() == {session.id}


@pytest.mark.parametrize(
    "trouble", [Refused("a replica is down"), StoreUnavailable("away")], ids=["level", "store"]
)
def test_one_that_failed_halfway_can_be_tried_again(world, logged_in, trouble):
    """Nothing was written but fences: the old cookie still leads its browser to the session."""
    session = world.load(logged_in, shown=BROWSER)
    _, new = moved(world, logged_in)

    def fail(effect):
        if isinstance(effect, Delete) and effect.sid == new:
            if isinstance(trouble, Refused):
                return trouble
            raise trouble
        return None

    world.meddle = fail
    with pytest.raises((LevelRefused, StoreUnavailable)):
        log_out(world, session)
    assert world.sids() == {new}
    world.meddle = lambda effect: None
    again = world.load(logged_in, shown=BROWSER)
    assert again.user_id() == 7
    log_out(world, again)
    assert world.sids() == {again.id}


def test_only_who_has_loaded_the_session_ends_it(world, logged_in, grace):
    """A request that finds nothing under the old id has nothing to end."""
    world.policy = Policy(grace_seconds=grace)
    _, new = moved(world, logged_in)
    late = world.load(logged_in, shown=Shown(b"another cookie", None))
    assert late.is_new
    log_out(world, late)
    assert world.load(new).user_id() == 7


def test_whoever_has_loaded_it_need_not_show_the_same_cookie(world, logged_in, grace):
    """Laravel seals the cookie anew with each answer: one browser has several of one id."""
    world.policy = Policy(grace_seconds=grace)
    session = world.load(logged_in, shown=Shown(b"sealed before", None))
    moved(world, logged_in)
    log_out(world, session)
    assert world.sids() == {session.id}


def test_a_login_that_is_saved_after_it_brings_nothing_back(world, logged_in, grace):
    world.policy = Policy(grace_seconds=grace)
    session, late = (world.load(logged_in, shown=BROWSER) for _ in range(2))
    moved(world, logged_in, 2)
    log_out(world, session)
    late.login(7)
    with pytest.raises(SessionGone):
        world.save(late)
    assert world.sids() == {session.id}


def test_an_ordinary_one_asks_once(world, logged_in):
    session = world.load(logged_in, shown=BROWSER)
    world.effects.clear()
    log_out(world, session)
    assert [type(effect) for effect in world.effects] == [Delete, Commit]


def test_it_does_not_walk_for_ever(memory):
    session = memory.load(memory.stored(count=1))
    memory.policy = Policy(attempts=5)
    memory.meddle = lambda effect: Elsewhere("x" * 40) if isinstance(effect, Delete) else None
    with pytest.raises(SessionConflict):
        log_out(memory, session)
    assert len(deletes(memory)) == 5


def test_what_is_put_into_the_new_session_and_cannot_be_saved(world, logged_in):
    """The logout has happened, and is not called undone."""
    session = world.load(logged_in, shown=BROWSER)

    def fail(effect):
        if isinstance(effect, Commit):
            raise StoreUnavailable("away")

    world.meddle = fail
    with pytest.raises(SaveUnknown, match="was ended") as caught:
        log_out(world, session)
    assert caught.value.hint
    assert world.sids() == set()


# Where nothing is remembered beside the sessions


@pytest.fixture
def alone(runner, tmp_path):
    """A database without tables beside."""
    store = DatabaseStore(tmp_path / "database.sqlite")
    store.create_table()
    with runner(store) as world:
        yield world


def test_alone_it_says_that_it_may_not_have_happened(alone):
    sid = alone.stored(**{login_key(): 7})
    session = alone.load(sid, shown=BROWSER)
    _, new = moved(alone, sid)
    with pytest.raises(SessionGone, match="another id") as caught:
        log_out(alone, session)
    assert caught.value.hint
    # As it says: with the cookie that the browser has now.
    again = alone.load(new, shown=BROWSER)
    log_out(alone, again)
    assert alone.sids() == {again.id}


def test_alone_a_delete_whose_answer_was_lost_has_happened(alone):
    sid = alone.stored(**{login_key(): 7})
    session = alone.load(sid)
    left = [True]

    def lose(effect):
        if isinstance(effect, Delete) and left:
            left.clear()
            alone.perform(effect)
            return Unknown("connection closed")
        return None

    alone.meddle = lose
    assert log_out(alone, session) is True
    assert alone.sids() == {session.id}


def test_alone_a_missing_session_is_no_knowledge(alone):
    deleted = alone.perform(Delete("x" * 40, fence_seconds=60))
    assert (deleted, deleted.remembered) == (Missing(), False)
