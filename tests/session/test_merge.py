"""The merge rules, one by one, and what must hold of every merge."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from holdfast.core.errors import AuthConflict, FormatError, SessionConflict
from holdfast.laravel import php
from holdfast.laravel.json_array import JsonArray
from holdfast.laravel.names import login_key
from holdfast.laravel.php import Opaque, SessionArray
from holdfast.session.merge import merge
from holdfast.session.rules import NO_RULES, Rules

LOGIN = login_key("web")
OBJECT = b'O:6:"Carbon":1:{s:4:"date";s:10:"%b";}'


def php_array(value) -> SessionArray:
    return SessionArray.loads(php.dumps(value))


def json_array(value) -> JsonArray:
    array = JsonArray()
    array.update(value)
    return JsonArray.loads(array.dumps())


@pytest.fixture(params=[php_array, json_array], ids=["php", "json"])
def made(request):
    return request.param


def plain(value):
    """Lists as PHP reads them, so that expectations may be written as lists."""
    return dict(php_array({"v": value}))["v"]


def merged(made, base, ours, theirs, rules=NO_RULES, conflicts=()):
    result = merge(made(base), made(ours), made(theirs), rules)
    assert result.conflicts == tuple(conflicts)
    return dict(result.attributes)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result", "conflicts"),
    [
        # 4: unchanged on one side
        ({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}, ()),
        ({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, ()),
        ({"a": 1}, {}, {"a": 1}, {}, ()),
        ({"a": 1}, {"a": 1}, {}, {}, ()),
        ({}, {"a": 1}, {"b": 2}, {"b": 2, "a": 1}, ()),
        # 5: equal
        ({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, ()),
        ({"a": 1}, {}, {}, {}, ()),
        # 8: deleted here, changed there
        ({"a": 1}, {}, {"a": 2}, {"a": 2}, ("a",)),
        ({"a": 1}, {"a": 2}, {}, {"a": 2}, ("a",)),
        # 9: both extended
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 3]}, {"a": [1, 3, 2]}, ()),
        ({}, {"a": ["x"]}, {"a": ["y"]}, {"a": ["y", "x"]}, ()),
        ({"a": [1, 2]}, {"a": [1]}, {"a": [1, 2, 3]}, {"a": {0: 1, 2: 3}}, ()),
        # 10: arrays, member by member
        (
            {"a": {"x": 1, "y": 1}},
            {"a": {"x": 2, "y": 1}},
            {"a": {"x": 1, "y": 2, "z": 3}},
            {"a": {"x": 2, "y": 2, "z": 3}},
            (),
        ),
        ({}, {"a": {"x": 1}}, {"a": {"y": 2}}, {"a": {"y": 2, "x": 1}}, ()),
        (
            {"a": {"b": {"c": 1}}},
            {"a": {"b": {"c": 2}}},
            {"a": {"b": {"c": 3}}},
            {"a": {"b": {"c": 2}}},
            ("a.b.c",),
        ),
        # 11: the later save
        ({"a": 1}, {"a": 2}, {"a": 3}, {"a": 2}, ("a",)),
        ({"a": 1}, {"a": "1"}, {"a": 3}, {"a": "1"}, ("a",)),
        ({"a": 1}, {"a": {"x": 1}}, {"a": 3}, {"a": {"x": 1}}, ("a",)),
        ({"a": None}, {"a": False}, {"a": 0}, {"a": False}, ("a",)),
        # the previous page is no conflict
        (
            {"_previous": {"url": "/"}},
            {"_previous": {"url": "/a"}},
            {"_previous": {"url": "/b"}},
            {"_previous": {"url": "/a"}},
            (),
        ),
    ],
)
def test_rules(made, base, ours, theirs, result, conflicts):
    after = merged(made, base, ours, theirs, conflicts=conflicts)
    assert php.dumps(after) == php.dumps(plain(result))


COUNTERS = Rules(counters=frozenset({"count", "cart.count"}), lists=frozenset({"cart.items"}))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        ({"count": 1}, {"count": 2}, {"count": 2}, {"count": 3}),
        ({"count": 1}, {"count": 4}, {"count": 0}, {"count": 3}),
        ({}, {"count": 1}, {"count": 1}, {"count": 2}),
        ({"count": 5}, {"count": 5}, {"count": 6}, {"count": 6}),
        ({"count": 1.5}, {"count": 2.5}, {"count": 2.0}, {"count": 3.0}),
        (
            {"cart": {"count": 1}},
            {"cart": {"count": 2}},
            {"cart": {"count": 2}},
            {"cart": {"count": 3}},
        ),
        ({}, {"cart": {"count": 1}}, {"cart": {"count": 1}}, {"cart": {"count": 2}}),
        (
            {"count": 2**62},
            {"count": 2**63 - 1},
            {"count": 2**63 - 1},
            {"count": float(2**63 + 2**62 - 2)},
        ),
        # lists
        (
            {"cart": {"items": ["a"]}},
            {"cart": {"items": ["a", "x"]}},
            {"cart": {"items": ["a", "x"]}},
            {"cart": {"items": ["a", "x", "x"]}},
        ),
        (
            {"cart": {"items": ["a", "b"]}},
            {"cart": {"items": []}},
            {"cart": {"items": ["a", "b", "c"]}},
            {"cart": {"items": ["c"]}},
        ),
        (
            {"cart": {"items": ["a", "b", "c"]}},
            {"cart": {"items": ["a", "c"]}},
            {"cart": {"items": ["b", "c", "d"]}},
            {"cart": {"items": ["c", "d"]}},
        ),
        (
            {"cart": {"items": ["a"], "x": 1}},
            {"cart": {"x": 1}},
            {"cart": {"items": ["a", "b"], "x": 1}},
            {"cart": {"items": ["b"], "x": 1}},
        ),
        (
            {"cart": {"items": ["a"], "x": 1}},
            {"cart": {"x": 1}},
            {"cart": {"x": 1}},
            {"cart": {"x": 1}},
        ),
    ],
)
def test_declared(made, base, ours, theirs, result):
    # JSON writes 3.0 as 3, as PHP does.
    after = merged(made, base, ours, theirs, COUNTERS)
    assert made(after) == made(plain(result))


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result", "conflicts"),
    [
        # not numbers: the ordinary rules
        ({"count": 1}, {"count": "x"}, {"count": 2}, {"count": "x"}, ("count",)),
        ({"count": 1}, {"count": True}, {"count": 1}, {"count": True}, ()),
        ({"count": [1]}, {"count": 1}, {"count": 2}, {"count": 1}, ("count",)),
        # not lists
        (
            {"cart": {"items": {"x": 1}}},
            {"cart": {"items": {"x": 1, "y": 2}}},
            {"cart": {"items": {"x": 1, 0: 3}}},
            {"cart": {"items": {"x": 1, 0: 3, "y": 2}}},
            (),
        ),
    ],
)
def test_declared_and_something_else(made, base, ours, theirs, result, conflicts):
    after = merged(made, base, ours, theirs, COUNTERS, conflicts)
    assert made(after) == made(plain(result))


def test_a_conflict_names_a_key_that_is_no_text_as_it_is_written():
    key = b"caf\xe9"
    result = merge(php_array({key: 1}), php_array({key: 2}), php_array({key: 3}))
    assert result.conflicts == (r"caf\xe9",)


def test_many_parallel_increments_are_all_counted(made):
    stored = base = {"count": 0, "cart": {"items": []}}
    for number in range(40):
        ours = {"count": 1, "cart": {"items": [f"i{number}"]}}
        stored = merged(made, base, ours, stored, COUNTERS)
    assert stored["count"] == 40
    assert list(stored["cart"]["items"].values()) == [f"i{number}" for number in range(40)]


GUEST = {"_token": "t0", "cart": 1}
MEMBER = {"_token": "t1", "cart": 1, LOGIN: 5, "password_hash_web": "h5"}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "user", "token"),
    [
        (GUEST, {**MEMBER}, {**GUEST, "cart": 2}, 5, "t1"),  # logged in here
        (GUEST, {**GUEST, "cart": 2}, {**MEMBER}, 5, "t1"),  # logged in there
        (MEMBER, {**GUEST, "_token": "t2"}, {**MEMBER, "cart": 2}, None, "t2"),  # out here
        (MEMBER, {**MEMBER, "cart": 2}, {**GUEST, "_token": "t2"}, None, "t2"),  # out there
        # logged out there while this one confirmed the password, and the other way round
        (MEMBER, {**MEMBER, "auth": {"password_confirmed_at": 9}}, {**GUEST}, None, "t0"),
        (MEMBER, {**GUEST}, {**MEMBER, "auth": {"password_confirmed_at": 9}}, None, "t0"),
        # a new user against a new token: who is logged in counts
        (GUEST, {**MEMBER}, {**GUEST, "_token": "t9"}, 5, "t1"),
        (GUEST, {**GUEST, "_token": "t9"}, {**MEMBER}, 5, "t1"),
        # a logout here, another login there
        (MEMBER, {**GUEST}, {**MEMBER, LOGIN: 6, "_token": "t6"}, None, "t0"),
    ],
)
def test_authentication_is_one_group_from_one_side(made, base, ours, theirs, user, token):
    result = merge(made(base), made(ours), made(theirs)).attributes
    assert result.get(LOGIN) == user
    assert result["_token"] == token
    assert ("password_hash_web" in result) == (user is not None)
    assert "auth" not in result


def test_two_new_tokens_of_one_user(made):
    after = merged(
        made, MEMBER, {**MEMBER, "_token": "a"}, {**MEMBER, "_token": "b"}, conflicts=["_token"]
    )
    assert after["_token"] == "b"


@pytest.mark.parametrize("base", [GUEST, {**MEMBER}])
def test_two_different_logins(made, base):
    ours, theirs = ({**MEMBER, LOGIN: user, "_token": f"t{user}"} for user in (6, 7))
    with pytest.raises(AuthConflict) as refused:
        merge(made(base), made(ours), made(theirs))
    assert refused.value.hint
    same = merge(made(base), made(ours), made({**ours, "cart": 2})).attributes
    assert same[LOGIN] == 6


def flashed(old=(), new=(), **values):
    return {"_flash": {"old": list(old), "new": list(new)}, **values}


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        # aged on both sides
        (flashed(["a"], a=1), flashed(), flashed(), flashed()),
        # aged here, kept there, and the other way round
        (flashed(["a"], a=1), flashed(), flashed(["a"], a=1), flashed(["a"], a=1)),
        (flashed(["a"], a=1), flashed(["a"], a=1), flashed(), flashed(["a"], a=1)),
        # aged here, flashed anew there
        (flashed(["a"], a=1), flashed(), flashed(["a"], a=2), flashed(["a"], a=2)),
        (flashed(["a"], a=1), flashed(["a"], a=2), flashed(), flashed(["a"], a=2)),
        # aged here, untouched there: the other one only read, as a poll does
        (flashed(["a"], a=1), flashed(), flashed(["a"], a=1, b=2), flashed(["a"], a=1, b=2)),
        # different names on both sides
        (flashed(), flashed(["a"], a=1), flashed(["b"], b=2), flashed(["b", "a"], b=2, a=1)),
        # made permanent there
        (flashed(["a"], a=1), flashed(), flashed(a=1), flashed()),
        # only one side has any
        ({}, {}, flashed(["a"], a=1), flashed(["a"], a=1)),
        ({}, flashed(["a"], a=1), {}, flashed(["a"], a=1)),
    ],
)
def test_flash(made, base, ours, theirs, result):
    after = merge(made(base), made(ours), made(theirs)).attributes
    assert dict(after) == dict(made(result))


def test_the_list_of_flashed_names_follows_the_value_that_won():
    base, ours, theirs = flashed(), flashed(["a"], a=1), flashed(a=2)
    result = merge(php_array(base), php_array(ours), php_array(theirs))
    assert dict(result.attributes) == plain(flashed(["a"], a=1))
    assert result.conflicts == ("a",)
    swapped = merge(php_array(base), php_array(theirs), php_array(ours))
    assert dict(swapped.attributes) == plain(flashed(a=2))


def test_objects_are_compared_by_their_bytes():
    one, two, three = (
        Opaque(OBJECT % day) for day in (b"2026-01-01", b"2026-01-02", b"2026-01-03")
    )
    base = {"at": one, "x": 1}
    kept = merge(php_array(base), php_array({**base, "x": 2}), php_array({**base, "at": two}))
    assert dict(kept.attributes) == {"at": two, "x": 2}
    later = merge(php_array(base), php_array({**base, "at": three}), php_array({**base, "at": two}))
    assert (later.attributes["at"], later.conflicts) == (three, ("at",))


SHARED = b'a:%d:{%bs:1:"a";O:1:"A":1:{s:1:"n";i:%d;}s:1:"b";r:%d;%b}'


def tied(n=1, before=0, behind=b""):
    """A session in which b is the object of a, with some plain members before and behind."""
    head = b"".join(b's:2:"p%d";i:1;' % number for number in range(before))
    count = 2 + before + behind.count(b";") // 2
    return SessionArray.loads(SHARED % (count, head, n, before + 2, behind))


def test_references_stay_together_when_others_change():
    base = tied()
    ours = tied()
    ours["x"] = 1
    result = merge(base, ours, tied(before=2, behind=b's:1:"y";i:2;')).attributes
    assert result.dumps() == SHARED % (
        *(6, b's:2:"p0";i:1;s:2:"p1";i:1;', 1, 4),
        b's:1:"y";i:2;s:1:"x";i:1;',
    )


def test_references_move_as_one_unit():
    # Ours changed the shared object, theirs something else: the payload of ours carries both.
    result = merge(tied(), tied(n=2), tied(behind=b's:1:"y";i:2;'))
    assert result.attributes.dumps() == SHARED % (3, b"", 2, 2, b's:1:"y";i:2;')
    assert result.conflicts == ()
    both = merge(tied(), tied(n=2), tied(n=3, before=1))
    assert both.attributes.dumps() == SHARED % (3, b"", 2, 2, b's:2:"p0";i:1;')
    assert both.conflicts == ("a",)  # b names the same object in both


def test_references_that_nobody_can_follow_are_refused():
    twice = SessionArray.loads(b'a:3:{s:1:"a";O:1:"A":0:{}s:1:"b";r:2;s:1:"b";r:2;}')
    ours = SessionArray.loads(b'a:1:{s:1:"x";i:1;}')
    with pytest.raises(FormatError):
        merge(twice, ours, twice)


def test_the_three_are_left_as_they_were(made):
    sides = [made(side) for side in ({"a": {"x": 1}}, {"a": {"x": 2}}, {"a": {"x": 1, "y": 3}})]
    before = [side.dumps() for side in sides]
    result = merge(*sides).attributes
    result["a"]["x"] = 99
    assert [side.dumps() for side in sides] == before
    assert not any(side.changed() for side in sides)


def test_what_was_changed_in_place_counts(made):
    base = made({"a": {"x": 1}})
    ours = made({"a": {"x": 1}})
    ours["a"]["x"] = 2
    assert dict(merge(base, ours, made({"a": {"x": 1, "y": 3}})).attributes) == {
        "a": {"x": 2, "y": 3}
    }


# What must hold of every merge.

KEYS = st.sampled_from(["a", "b", "c", "d.e", "_token", LOGIN, "_previous"]) | st.integers(0, 3)
LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "1", "x", 1.0, 0.5])
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=2)
FLASH = st.builds(lambda old: {"old": old, "new": []}, NAMES)
SESSIONS = st.builds(
    lambda plain, flash: {**plain, "_flash": flash} if flash else plain,
    st.dictionaries(KEYS, VALUES, max_size=5),
    FLASH | st.none(),
)


DECLARED = st.frozensets(st.sampled_from(["a", "b", "c", "a.b", "a.0", "b.a.c", "c.1.a", "d.e"]))
RULES = st.builds(Rules, DECLARED, DECLARED, DECLARED) | st.just(NO_RULES)


def either(base, ours, theirs, rules=NO_RULES):
    try:
        return merge(php_array(base), php_array(ours), php_array(theirs), rules).attributes
    except AuthConflict:
        return None


def listed(session):
    """Names that are flashed while nothing stands under them are dropped by a merge."""
    names = session.get("_flash", {}).get("old", [])
    return all(name in session for name in names)


def unordered(value):
    if isinstance(value, dict):
        return {key: unordered(member) for key, member in value.items()}
    return (type(value).__name__, value)


@given(SESSIONS, SESSIONS, RULES)
def test_an_untouched_side_is_the_identity(base, changed, rules):
    assume(listed(base) and listed(changed))
    for after in (either(base, base, changed, rules), either(base, changed, base, rules)):
        # Who leaves the flash lists as they are has not aged anything: what is listed is kept.
        kept = {
            name
            for name in base.get("_flash", {}).get("old", [])
            if name not in changed and name in base
        }
        assert after is not None
        expected = plain(changed)
        assert {k: v for k, v in unordered(dict(after)).items() if k not in {*kept, "_flash"}} == {
            k: v for k, v in unordered(expected).items() if k != "_flash"
        }


@given(SESSIONS, RULES)
def test_merging_a_session_with_itself_changes_nothing(session, rules):
    assume(listed(session))
    after = either(session, session, session, rules)
    assert after is not None
    assert after.dumps() == php_array(session).dumps()


@given(SESSIONS, SESSIONS, SESSIONS)
def test_the_order_does_not_matter_where_nothing_conflicts(base, ours, theirs):
    try:
        one = merge(php_array(base), php_array(ours), php_array(theirs))
        other = merge(php_array(base), php_array(theirs), php_array(ours))
    except AuthConflict:
        return
    assume(not one.conflicts and not other.conflicts)
    assume("_previous" not in {*ours, *theirs})  # the later page, which is no conflict
    assert sorted_lists(dict(one.attributes)) == sorted_lists(dict(other.attributes))


def sorted_lists(value):
    """Both extensions of a list are kept in either order."""
    if isinstance(value, dict):
        members = {key: sorted_lists(member) for key, member in value.items()}
        if list(members) == list(range(len(members))):
            return sorted(map(repr, members.values()))
        return sorted((repr(key), repr(member)) for key, member in members.items())
    return (type(value).__name__, value)


def leaves(value):
    if isinstance(value, dict):
        return {leaf for member in value.values() for leaf in leaves(member)}
    return {(type(value).__name__, value)}


@given(SESSIONS, SESSIONS, SESSIONS, RULES)
def test_what_was_merged_can_be_merged_again(base, ours, theirs, rules):
    try:
        one = merge(php_array(base), php_array(ours), php_array(theirs), rules).attributes
    except (AuthConflict, SessionConflict):
        return
    assert not one.changed()
    if "_flash" not in theirs:
        assert either(theirs, theirs, dict(one), rules).dumps() == one.dumps()


@given(SESSIONS, SESSIONS, SESSIONS)
def test_no_value_is_invented(base, ours, theirs):
    after = either(base, ours, theirs)
    assume(after is not None)
    known = {leaf for side in (base, ours, theirs) for leaf in leaves(plain(side))}
    assert leaves(dict(after)) <= known


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_every_delta_is_counted_whatever_the_order(deltas, chance):
    rules = Rules(counters=frozenset({"n"}))
    order = list(deltas)
    chance.shuffle(order)
    stored = {"n": 10}
    for delta in order:
        stored = dict(either({"n": 10}, {"n": 10 + delta}, stored, rules))
    assert stored["n"] == 10 + sum(deltas)
