"""The hot path is counted in round trips, on the wire, by a proxy between."""

from __future__ import annotations

import pytest

from holdfast.stores.contract import Commit


@pytest.fixture
def counted(proxied, runner):
    """A world, and a function that tells the round trips since it was asked last."""
    store, proxy = proxied
    with runner(store) as world:
        told = 0

        def trips():
            nonlocal told
            before, told = told, proxy.exchanges
            return told - before

        yield world, trips


def test_round_trips(counted):
    world, trips = counted
    for step in ("login", "invalidate"):
        # The server learns the scripts at their first use.
        session = world.load(world.stored(count=0))
        getattr(session, step)(*([7] if step == "login" else []))
        world.save(session)
    sid = world.stored(count=0)
    trips()

    # Untouched: one read, no write, until the expiry must move.
    session = world.load(sid)
    assert trips() == 1
    world.save(session)
    assert trips() == 0
    world.save(session, after=100)
    assert trips() == 1

    # Changed: one read, one write.
    session = world.load(sid)
    session["count"] = 1
    world.save(session)
    assert trips() == 2

    # A conflict: one more write, for the answer has the bytes to merge with.
    session = world.load(sid)
    session["mine"] = 1

    def overwrite(effect):
        world.meddle = lambda effect: None
        found = world.found(sid)
        theirs = world.codec.loads(found.data)
        theirs["theirs"] = 1
        world.perform(Commit(sid, found, world.codec.dumps(theirs), found.expires_at))
        trips()

    world.meddle = overwrite
    world.save(session)
    assert trips() == 2
    assert {"mine", "theirs"} <= set(world.load(sid))
    trips()

    # A login is one write, a logout one for the end and one for the fresh session.
    session = world.load(sid)
    session.login(7)
    world.save(session)
    assert trips() == 2
    session.invalidate()
    session.regenerate_token()
    world.save(session)
    assert trips() == 2
