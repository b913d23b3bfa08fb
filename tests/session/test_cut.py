"""The connection is cut between the store's commit and its answer, again and again.

Nothing may be added twice, and nothing may be called unsaved that was saved.
"""

from __future__ import annotations

import pytest

from holdfast.servers.tcp_proxy import Cut, tcp_proxy
from holdfast.session import Policy, Rules
from holdfast.stores.contract import Commit, Move
from holdfast.stores.redis import RedisStore

TIMES = 1000
POLICY = Policy(rules=Rules(counters=frozenset({"count"}), lists=frozenset({"log"})))


@pytest.fixture
def proxy(redis_port):
    with tcp_proxy(redis_port) as proxy:
        yield proxy


@pytest.mark.timeout(300)
def test_no_write_is_lost_or_made_twice(proxy, runner):
    store = RedisStore(port=proxy.port, prefix=f"cut-{runner.__name__}:")
    with runner(store) as world:
        world.policy = POLICY
        sid = world.stored(count=0, log=[])
        session = world.load(sid)
        times = TIMES if runner.__name__ == "threads" else TIMES // 5
        armed = True

        def cut(effect):
            nonlocal armed
            if armed and isinstance(effect, Commit):
                # Every other one in the middle of the answer.
                proxy.behave(Cut(after=len(world.effects) % 2 * 3, times=1))
                armed = False

        world.meddle = cut
        for number in range(times):
            armed = True
            before = proxy.harmed
            session.increment("count")
            session.push("log", number)
            world.save(session)
            assert proxy.harmed == before + 1
            world.effects.clear()
        world.meddle = lambda effect: None
        after = world.load(sid)
        assert after["count"] == times
        assert list(after["log"].values()) == list(range(times))


def test_a_login_is_not_made_twice(proxy, runner):
    store = RedisStore(port=proxy.port, prefix=f"cut-login-{runner.__name__}:")
    with runner(store) as world:
        session = world.load(world.stored(count=0))
        for number in range(100):
            session.login(number)
            world.meddle = lambda effect: (
                proxy.behave(Cut(times=1))
                if isinstance(effect, Move) and not effect.again
                else None
            )
            assert world.save(session) is True
            assert world.sids() == {session.id}
            assert world.load(session.id).user_id() == number
