"""What cannot be is refused when it is said, not at the first request that needs it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import UsageError
from holdfast.session import Levels, Policy, Rules
from holdfast.stores.file import FileStore
from holdfast.stores.memory import MemoryStore
from holdfast.stores.redis import RedisStore

NUMBERS = ["grace_seconds", "fence_seconds", "attempts", "repeats", "touch_after"]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Policy(undecodable="frsh"), "Policy.undecodable is 'frsh'"),
        (lambda: Policy(undecodable=None), "Policy.undecodable is None"),
        (lambda: Policy(rules={"counters": ["a"]}), "Policy.rules"),
        (lambda: Policy(levels="strict"), "Policy.levels is 'strict'"),
        (lambda: Policy(attempts=0), "Policy.attempts is 0"),
        (lambda: Policy(pause=-0.1), "Policy.pause is -0.1"),
        (lambda: Policy(longest_pause=float("nan")), "Policy.longest_pause is nan"),
        (lambda: Policy(longest_pause="1"), "Policy.longest_pause is '1'"),
        (lambda: Levels(data="stricct"), "Levels.data is 'stricct'"),
        (lambda: Levels(login=None), "Levels.login is None"),
        (lambda: Levels(logout=["fast"]), "Levels.logout is ['fast']"),
        (lambda: Rules(counters="cart.count"), "Rules.counters is 'cart.count'"),
        (lambda: Rules(lists=b"cart"), "Rules.lists is b'cart'"),
        (lambda: Rules(exclusive=None), "Rules.exclusive is None"),
        (lambda: Rules(exclusive=frozenset({"orders", 7})), "Rules.exclusive has 7 in it"),
        (lambda: Rules(lists=[""]), "Rules.lists has '' in it"),
    ],
)
def test_a_wrong_value_is_refused_with_what_would_be_right(make, said):
    with pytest.raises(UsageError) as refused:
        make()
    assert said in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [-1, True, 1.5, "10", None])
def test_a_number_is_whole_and_not_negative(name, value):
    with pytest.raises(UsageError, match=name):
        Policy(**{name: value})


@given(
    *(st.sampled_from(["fast", "replicated", "strict"]) for _ in range(3)),
    st.integers(0, 2),
)
def test_a_store_is_asked_for_no_more_than_it_can_hold(login, logout, data, replicas):
    levels = Levels(login, logout, data)
    store = RedisStore(replicas=replicas)
    if replicas or {login, logout, data} == {"fast"}:
        levels.require_of(store)
    else:
        with pytest.raises(UsageError, match=r"Levels\.(login|logout|data)"):
            levels.require_of(store)


@pytest.mark.parametrize("kind", ["login", "logout", "data"])
def test_files_and_memory_hold_one_level_alone(kind, tmp_path):
    for store in (FileStore(tmp_path), MemoryStore()):
        Levels().require_of(store)
        with pytest.raises(UsageError, match=f"{kind} is 'strict', which {store.where}") as refused:
            Levels(**{kind: "strict"}).require_of(store)
        assert "replicas=N" in refused.value.hint
