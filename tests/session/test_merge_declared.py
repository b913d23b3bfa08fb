"""What an application declares: counters, lists and exclusive keys, whatever happens around them.

Both sides use the verbs of `Session`, so that all that these take is merged.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import SessionConflict
from holdfast.laravel.payload import Codec, Form
from holdfast.session import Rules, Session
from holdfast.session.arithmetic import number
from holdfast.session.merge import merge

CODECS = [Codec(Form.BARE), Codec(Form.BARE, "json")]
RULES = Rules(
    counters=frozenset({"n", "cart.n"}),
    lists=frozenset({"l", "cart.items"}),
    exclusive=frozenset({"shop.orders"}),
)
ABSENT = "nothing stands there"

by_codec = pytest.mark.parametrize("codec", CODECS, ids=["php", "json"])


def both(codec, base, ours, theirs, rules=RULES):
    """Two requests on one session: what the second one's merge comes to."""
    attributes = codec.new()
    attributes.update({"_token": "t", **base})
    data = codec.dumps(attributes)
    requests = [Session(codec.loads(data), "s" * 40) for _ in range(2)]
    for request, change in zip(requests, (ours, theirs), strict=True):
        change(request)
    mine, other = (request.attributes for request in requests)
    merged = merge(codec.loads(data), mine, codec.loads(codec.dumps(other)), rules)
    return Session(merged.attributes, "s" * 40), merged


def verbs(*calls):
    """A request that calls these verbs, one after the other."""

    def change(session):
        for verb, *arguments in calls:
            getattr(session, verb)(*arguments)

    return change


def plus(by=1, key="n"):
    return verbs(("increment", key, by))


@by_codec
@pytest.mark.parametrize("base", [5, 5.0, "5", " 5", "5.5", "5e0", None, False, True, ABSENT])
def test_a_counter_is_whatever_increment_takes(codec, base):
    before = {} if base is ABSENT else {"n": base}
    session, merged = both(codec, before, plus(), plus())
    assert number(session.get("n")) == number(None if base is ABSENT else base) + 2
    assert (merged.conflicts, merged.additive) == ((), True)


@by_codec
def test_a_counter_that_one_side_forgot_begins_anew(codec):
    for ours, theirs in [(plus(), verbs(("forget", "n"))), (verbs(("forget", "n")), plus())]:
        session, merged = both(codec, {"n": 3}, ours, theirs)
        assert (session.get("n"), merged.conflicts) == (1, ())


@by_codec
def test_a_counter_that_nobody_touched_stays_as_it_is_spelled(codec):
    session, merged = both(codec, {"n": "5"}, verbs(("put", "a", 1)), verbs(("put", "b", 1)))
    assert (session.get("n"), merged.additive) == ("5", False)


def test_what_comes_to_no_finite_number_is_no_counter():
    huge, larger = verbs(("put", "n", 1e308)), verbs(("put", "n", 1.5e308))
    session, merged = both(CODECS[0], {"n": 1}, huge, larger)
    assert (session.get("n"), merged.conflicts) == (1e308, ("n",))


@by_codec
@pytest.mark.parametrize(
    ("base", "ours", "theirs", "result"),
    [
        # taken out of the middle, as unset does, and appended to
        (
            {0: "a", 1: "b", 2: "c"},
            [("forget", "cart.items.1"), ("push", "cart.items", "X")],
            [("push", "cart.items", "Y")],
            {0: "a", 2: "c", 3: "Y", 4: "X"},
        ),
        (
            {0: "a", 1: "b", 2: "c"},
            [("push", "cart.items", "Y")],
            [("forget", "cart.items.1"), ("push", "cart.items", "X")],
            {0: "a", 2: "c", 3: "X", 4: "Y"},
        ),
        # a gap from before
        (
            {0: "a", 2: "c"},
            [("push", "cart.items", "X")],
            [("push", "cart.items", "Y")],
            {0: "a", 2: "c", 3: "Y", 4: "X"},
        ),
        # numbers that mean something
        (
            {17: "a"},
            [("put", "cart.items.99", "X")],
            [("put", "cart.items.42", "Y")],
            {17: "a", 42: "Y", 99: "X"},
        ),
        # nothing that can be pushed onto
        (None, [("push", "cart.items", "X")], [("push", "cart.items", "Y")], {0: "Y", 1: "X"}),
        (False, [("push", "cart.items", "X")], [("push", "cart.items", "Y")], {0: "Y", 1: "X"}),
        # the array that it is in is removed: a checkout, and a click in another window
        (
            {0: "a", 1: "b"},
            [("forget", "cart")],
            [("push", "cart.items", "X")],
            {0: "X"},
        ),
        (
            {0: "a", 1: "b"},
            [("push", "cart.items", "X")],
            [("forget", "cart")],
            {0: "X"},
        ),
        # another order on one side, on both
        (
            {0: "a", 1: "b"},
            [("put", "cart.items", ["b", "a"])],
            [("push", "cart.items", "Y")],
            {0: "b", 1: "a", 2: "Y"},
        ),
        (
            {0: "a", 1: "b"},
            [("push", "cart.items", "X")],
            [("put", "cart.items", ["Y", "b", "a"])],
            {0: "Y", 1: "b", 2: "a", 3: "X"},
        ),
        (
            {0: "a", 1: "b"},
            [("put", "cart.items", ["X", "a", "b"])],
            [("put", "cart.items", ["b", "a", "Y"])],
            {0: "X", 1: "a", 2: "b", 3: "Y"},
        ),
        # one of two that are alike, taken by both
        (
            {0: "a", 1: "a"},
            [("put", "cart.items", ["a"])],
            [("put", "cart.items", ["a", "Y"])],
            {0: "a", 1: "Y"},
        ),
    ],
)
def test_lists(codec, base, ours, theirs, result):
    session, merged = both(codec, {"cart": {"items": base}}, verbs(*ours), verbs(*theirs))
    assert list(session.get("cart.items").items()) == list(result.items())
    assert merged.conflicts == ()


@by_codec
def test_an_array_that_was_removed_takes_what_nobody_changed_with_it(codec):
    base = {"cart": {"items": ["a"], "n": 2, "voucher": "v", "note": "x"}}
    session, merged = both(
        codec,
        base,
        verbs(("forget", "cart"), ("put", "paid", True)),
        verbs(("increment", "cart.n"), ("put", "cart.note", "y")),
    )
    assert session.get("cart") == {"n": 1, "note": "y"}
    assert merged.conflicts == ("cart.note",)
    session, merged = both(codec, base, verbs(("forget", "cart")), verbs(("forget", "cart.items")))
    assert session.missing("cart")


@by_codec
def test_where_an_array_gives_way_to_something_else_the_later_save_counts(codec):
    base = {"cart": {"items": ["a"]}}
    push, sold_out = verbs(("push", "cart.items", "X")), verbs(("put", "cart", "sold out"))
    session, merged = both(codec, base, sold_out, push)
    assert (session.get("cart"), merged.conflicts) == ("sold out", ("cart",))
    session, merged = both(codec, base, push, sold_out)
    assert (session.get("cart.items"), merged.conflicts) == ({0: "a", 1: "X"}, ("cart",))


@by_codec
@pytest.mark.parametrize(
    "other",
    [
        [("forget", "shop"), ("put", "paid", True)],
        [("put", "shop", "sold out")],
        [("put", "shop", None)],
        [("put", "shop.orders", ["other"])],
        [("forget", "shop.orders")],
        [("flush",)],
    ],
)
def test_an_exclusive_key_is_so_whatever_becomes_of_the_array_around_it(codec, other):
    base = {"shop": {"orders": ["o"], "open": True}}
    push = verbs(("push", "shop.orders", "X"))
    for ours, theirs in [(push, verbs(*other)), (verbs(*other), push)]:
        with pytest.raises(SessionConflict, match=r"shop\.orders"):
            both(codec, base, ours, theirs)


@by_codec
def test_flash_data_below_an_array_is_kept_where_one_side_keeps_it(codec):
    base = {"form": {"x": 1, "y": 1}, "_flash": {"old": ["form.x"], "new": []}}
    ages = verbs(("age_flash_data",), ("put", "form.y", 2))
    keeps = verbs(("keep", "form.x"), ("age_flash_data",))
    for ours, theirs in [(ages, keeps), (keeps, ages)]:
        session, _ = both(codec, base, ours, theirs)
        assert session.get("form") == {"x": 1, "y": 2}
        assert session.get("_flash.old") == {0: "form.x"}


@by_codec
def test_flash_data_that_is_kept_is_no_change_of_an_exclusive_key_in_it(codec):
    base = {"form": {"x": 1}, "_flash": {"old": ["form"], "new": []}}
    rules = Rules(exclusive=frozenset({"form.x"}))
    ages, reads = verbs(("age_flash_data",)), verbs(("put", "y", 1))
    session, _ = both(codec, base, ages, reads, rules)
    assert session.get("form") == {"x": 1}


@by_codec
def test_two_messages_flashed_at_once(codec):
    one, two = verbs(("flash", "msg", "one")), verbs(("flash", "msg", "two"))
    session, merged = both(codec, {}, one, two)
    assert (session.get("msg"), merged.conflicts) == ("one", ("msg",))
    one, two = verbs(("flash", "msg", ["one"])), verbs(("flash", "msg", ["two"]))
    session, merged = both(codec, {}, one, two)
    assert (session.get("msg"), merged.conflicts) == ({0: "two", 1: "one"}, ())
    assert session.get("_flash.new") == {0: "msg"}  # of both: it must age all the same


# What must hold of every merge. One side alone drops the array around: of two that begin anew each
# would take the same things out.

NUMBERS = st.one_of(
    *(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from([0.5, -1.5, ABSENT])),
    st.sampled_from(["5", " 7", "1.5", "-2", "1e2", "+3"]),
)
STEPS = st.lists(st.integers(-4, 4), max_size=3)
DROPPED = st.sampled_from([None, 0, 1])


@given(NUMBERS, STEPS, STEPS, DROPPED, st.sampled_from(CODECS))
def test_every_increment_is_counted(base, mine, other, dropped, codec):
    start = number(None if base is ABSENT else base)
    sides = []
    for side, steps in enumerate((mine, other)):
        drop = [("forget", "cart")] if dropped == side else []
        sides.append(verbs(*drop, *(("increment", "cart.n", step) for step in steps)))
    before = {"x": 1} if base is ABSENT else {"x": 1, "n": base}
    session, merged = both(codec, {"cart": before}, *sides)
    expected = sum(mine) + sum(other) + (0 if dropped is not None else start)
    assert number(session.get("cart.n")) == expected
    assert merged.conflicts == ()


PLACES = st.lists(st.integers(-3, 20), unique=True, max_size=5)
EDITS = st.tuples(st.lists(st.integers(0, 4), max_size=3), st.integers(0, 3), st.booleans())


@given(PLACES, EDITS, EDITS, DROPPED, st.sampled_from(CODECS))
def test_every_edit_of_a_list_is_kept(places, mine, other, dropped, codec):
    base = {place: f"b{place}" for place in places}
    sides, gone, appended = [], set(), []
    for side, (taken, pushes, renumbered) in enumerate((mine, other)):
        taken_here = {places[index] for index in taken if index < len(places)}
        calls = [("forget", f"cart.items.{place}") for place in sorted(taken_here)]
        if dropped == side:
            calls, taken_here = [("forget", "cart")], set(places)
        left = [base[place] for place in places if place not in taken_here]
        if renumbered and dropped != side:
            calls = [("put", "cart.items", left)]
        news = [f"{'ot'[side]}{n}" for n in range(pushes)]
        sides.append(verbs(*calls, *(("push", "cart.items", new) for new in news)))
        gone |= taken_here
        appended.append(news)
    session, merged = both(codec, {"cart": {"items": base}}, *sides)
    result = list(session.get("cart.items", {}).values())
    kept = [base[place] for place in places if place not in gone]
    assert result == [*kept, *appended[1], *appended[0]]
    assert merged.conflicts == ()


LETTERS = st.lists(st.sampled_from("abc"), max_size=4)


@given(LETTERS, LETTERS, LETTERS, st.sampled_from(CODECS))
def test_lists_in_any_order_lose_and_double_nothing(base, mine, other, codec):
    put_mine, put_other = verbs(("put", "l", mine)), verbs(("put", "l", other))
    session, _ = both(codec, {"l": base}, put_mine, put_other)
    before, ours, theirs = Counter(base), Counter(mine), Counter(other)
    expected = Counter(session.get("l").values())
    if mine == base or other == base:
        assert expected == (theirs if mine == base else ours)
        return
    for letter in "abc":
        change = [side[letter] - before[letter] for side in (ours, theirs)]
        more, fewer = sum(max(0, n) for n in change), min(0, *change)
        assert expected[letter] == before[letter] + more + fewer


AROUND = [
    [("put", "x", 1)],
    [("put", "shop.open", False)],
    [("forget", "shop")],
    [("put", "shop", "sold out")],
    [("put", "shop", {"open": True})],
    [("forget", "shop.orders")],
    [("push", "shop.orders", "X")],
    [("push", "shop.orders", "Y")],
]


@given(st.sampled_from(AROUND), st.sampled_from(AROUND), st.booleans(), st.sampled_from(CODECS))
def test_no_change_of_an_exclusive_key_is_given_up(mine, other, stood, codec):
    base = {"shop": {"orders": ["o"], "open": True} if stood else {"open": True}}
    alone = [both(codec, base, verbs(*calls), verbs())[0] for calls in ([], mine, other)]
    before, ours, theirs = (session.get("shop.orders", ABSENT) for session in alone)
    try:
        session, _ = both(codec, base, verbs(*mine), verbs(*other))
    except SessionConflict:
        # Nobody is refused for what the other has left alone.
        assert alone[0].get("shop") not in (alone[1].get("shop"), alone[2].get("shop"))
        return
    assert ours == before or theirs in (before, ours)
    assert session.get("shop.orders", ABSENT) == (theirs if ours == before else ours)
