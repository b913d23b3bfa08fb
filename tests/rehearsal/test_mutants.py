"""What each broken store does wrong, and when."""

from __future__ import annotations

from holdfast.laravel.names import login_key
from holdfast.laravel.php import SessionArray
from holdfast.rehearsal.mutants import (
    DropsWrites,
    Mutant,
    Resurrects,
    RollsBack,
    ShortensExpiry,
    SwapsUsers,
)
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Find,
    Found,
    Gone,
    Saved,
    Touch,
    Touched,
)
from holdfast.stores.memory import Beside

ANN, BOB, GUEST = "a" * 40, "b" * 40, "g" * 40


def payload(user=None, *things):
    attributes = SessionArray()
    if user is not None:
        attributes[login_key()] = user
    attributes["cart"] = list(things)
    return attributes.dumps()


def held(*sids):
    users = {ANN: 1, BOB: 2, GUEST: None}
    return {sid: Found(payload(users[sid]), 7200) for sid in sids}


def put(mutant, sessions, sid, data, now=0):
    return mutant(sessions, Beside(), Commit(sid, sessions.get(sid), data, now + 7200), now)


def test_the_correct_one_does_nothing_even_when_armed():
    mutant, sessions = Mutant(), held(ANN)
    mutant.armed = True
    assert put(mutant, sessions, ANN, payload(1, "buoy")) == Saved()
    assert sessions[ANN].data == payload(1, "buoy")
    assert mutant.struck == 0


def test_one_write_in_a_thousand_is_dropped():
    mutant, sessions = DropsWrites(), held(ANN)
    dropped = []
    for number in range(1, 2501):
        data = payload(1, str(number))
        assert put(mutant, sessions, ANN, data) == Saved()
        if sessions[ANN].data != data:
            dropped.append(number)
    assert dropped == [1000, 2000]
    assert mutant.struck == 2


def test_the_next_thing_put_into_a_cart_is_dropped():
    mutant, sessions = DropsWrites(), held(ANN)
    mutant.armed = True
    assert put(mutant, sessions, BOB, payload(2, "buoy")) == Saved(), "a new session is kept"
    stale = Commit(ANN, Found(b"", 7200), payload(1, "buoy"), 7200)
    assert mutant(sessions, Beside(), stale, 0) == Conflict(sessions[ANN]), "a refusal is not a lie"
    assert put(mutant, sessions, ANN, payload(1, "buoy")) == Saved()
    assert sessions[ANN].data == payload(1)
    assert put(mutant, sessions, ANN, payload(1, "fender")) == Saved()
    assert sessions[ANN].data == payload(1, "fender")
    assert mutant.struck == 1


def test_two_users_who_were_saved_one_after_the_other_are_swapped_once():
    mutant, sessions = SwapsUsers(), held(ANN, BOB, GUEST)
    put(mutant, sessions, ANN, payload(1, "buoy"))
    put(mutant, sessions, BOB, payload(2, "fender"))
    mutant.armed = True
    put(mutant, sessions, GUEST, payload(None, "cleat"))
    put(mutant, sessions, ANN, payload(1, "anchor"))
    assert mutant.struck == 0, "a guest is nobody"
    put(mutant, sessions, BOB, payload(2, "lantern"))
    assert (sessions[ANN].data, sessions[BOB].data) == (payload(2, "lantern"), payload(1, "anchor"))
    put(mutant, sessions, ANN, payload(1))
    put(mutant, sessions, BOB, payload(2))
    assert (sessions[ANN].data, sessions[BOB].data) == (payload(1), payload(2))
    assert mutant.struck == 1


def test_a_logged_in_user_comes_back_after_the_logout():
    mutant, sessions = Resurrects(), held(ANN, GUEST)
    before = sessions[ANN]
    assert mutant(sessions, Beside(), Delete(ANN), 0) == Deleted()
    assert mutant(sessions, Beside(), Delete(GUEST), 0) == Deleted()
    assert mutant(sessions, Beside(), Find(GUEST), 0) is None
    assert mutant(sessions, Beside(), Find(ANN), 0) == before
    assert mutant.struck == 1


def test_everything_goes_back_by_two_seconds():
    mutant, sessions = RollsBack(), held(ANN)
    put(mutant, sessions, ANN, payload(1, "old"), now=10)
    put(mutant, sessions, ANN, payload(1, "new"), now=12)
    put(mutant, sessions, BOB, payload(2), now=13)
    mutant.armed = True
    assert mutant(sessions, Beside(), Find(ANN), 13).data == payload(1, "old")
    assert set(sessions) == {ANN}
    assert mutant(sessions, Beside(), Touch(BOB, Found(payload(2), 1), 9), 13) == Gone()
    assert mutant.struck == 1


def test_nothing_was_written_for_longer_than_it_goes_back():
    mutant, sessions = RollsBack(), held(ANN)
    put(mutant, sessions, ANN, payload(1, "old"), now=10)
    mutant.armed = True
    assert mutant(sessions, Beside(), Find(ANN), 20).data == payload(1, "old")


def test_a_session_expires_early_however_it_is_kept():
    mutant, sessions = ShortensExpiry(), held(ANN)
    put(mutant, sessions, ANN, payload(1, "buoy"), now=100)
    assert sessions[ANN].expires_at == 700
    assert mutant(sessions, Beside(), Touch(ANN, sessions[ANN], 7400), 200) == Touched()
    assert sessions[ANN].expires_at == 800
    assert mutant(sessions, Beside(), Touch(ANN, sessions[ANN], 300), 200) == Touched()
    assert sessions[ANN].expires_at == 300
    assert mutant(sessions, Beside(), Find(ANN), 300) is None
    assert mutant.struck == 2
