"""The connection is cut between the store's commit and its answer, again and again.

Nothing may be added twice, and nothing may be called unsaved that was saved.
"""

from __future__ import annotations

import pytest

from holdfast.servers.tcp_proxy import Cut
from holdfast.session import Policy, Rules
from holdfast.stores.contract import Commit, Move
from holdfast.stores.redis import RedisStore

POLICY = Policy(rules=Rules(counters=frozenset({"count"}), lists=frozenset({"log"})))


def times(store, runner):
    """A thousand times on Redis, in threads; the others share the driver's handling of it."""
    return 1000 if isinstance(store, RedisStore) and runner.__name__ == "threads" else 150


@pytest.mark.timeout(300)
def test_no_write_is_lost_or_made_twice(proxied, runner):
    store, proxy = proxied
    with runner(store) as world:
        world.policy = POLICY
        sid = world.stored(count=0, log=[])
        session = world.load(sid)
        armed = True

        def cut(effect):
            nonlocal armed
            if armed and isinstance(effect, Commit):
                # Every other one in the middle of the answer.
                proxy.behave(Cut(after=len(session["log"]) % 2 * 3, times=1))
                armed = False

        world.meddle = cut
        many = times(store, runner)
        for number in range(many):
            armed = True
            before = proxy.harmed
            session.increment("count")
            session.push("log", number)
            world.save(session)
            assert proxy.harmed > before
            world.effects.clear()
        world.meddle = lambda effect: None
        after = world.load(sid)
        assert after["count"] == many
        assert list(after["log"].values()) == list(range(many))


@pytest.mark.timeout(300)
def test_a_login_is_not_made_twice(proxied, runner):
    store, proxy = proxied
    with runner(store) as world:
        session = world.load(world.stored(count=0))
        for number in range(50):
            session.login(number)
            world.meddle = lambda effect: (
                proxy.behave(Cut(times=1))
                if isinstance(effect, Move) and not effect.again
                else None
            )
            assert world.save(session) is True
            assert world.sids() == {session.id}
            assert world.load(session.id).user_id() == number
