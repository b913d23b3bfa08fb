"""A patch makes the one object the other, and is no longer than it has to be."""

from __future__ import annotations

import copy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.kube.patch import applied, difference

KEYS = st.sampled_from(["a", "b", "c/d", "e~f", "~1", "0", "-"])
VALUES = st.recursive(
    st.booleans() | st.integers(0, 2) | st.sampled_from(["", "x", "long" * 9]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=15,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)


def exactly(value):
    """With 1 and true told apart."""
    return repr(sorted_deep(value))


def sorted_deep(value):
    if isinstance(value, dict):
        return {key: sorted_deep(value[key]) for key in sorted(value)}
    return [sorted_deep(inner) for inner in value] if isinstance(value, list) else value


@settings(max_examples=500, deadline=None)
@given(OBJECTS, OBJECTS)
def test_makes_the_one_the_other(before, after):
    was = copy.deepcopy(before)
    assert exactly(applied(before, difference(before, after))) == exactly(after)
    assert before == was


@settings(max_examples=200, deadline=None)
@given(OBJECTS)
def test_nothing_where_nothing_differs(one):
    assert difference(one, copy.deepcopy(one)) == []


@pytest.mark.parametrize(
    ("before", "after", "operations"),
    [
        ({"a": 1}, {"a": 2}, [{"op": "replace", "path": "/a", "value": 2}]),
        ({"a": 1}, {"a": True}, [{"op": "replace", "path": "/a", "value": True}]),
        ({"a": 1}, {}, [{"op": "remove", "path": "/a"}]),
        ({}, {"a/b~": 1}, [{"op": "add", "path": "/a~1b~0", "value": 1}]),
        (
            {"long": ["first" * 9, "second" * 9]},
            {"long": ["first" * 9, "second" * 9, "third"]},
            [{"op": "add", "path": "/long/-", "value": "third"}],
        ),
        (
            {"long": ["first" * 9, "second" * 9, 1, 2]},
            {"long": ["first" * 9, "second" * 9]},
            [{"op": "remove", "path": "/long/3"}, {"op": "remove", "path": "/long/2"}],
        ),
        ({"a": {"b": 1, "c": 2}}, {"a": {}}, [{"op": "replace", "path": "/a", "value": {}}]),
        (
            {"a": [{"name": "x" * 99, "v": 1}]},
            {"a": [{"name": "x" * 99, "v": 2}]},
            [{"op": "replace", "path": "/a/0/v", "value": 2}],
        ),
    ],
)
def test_what_it_says(before, after, operations):
    assert difference(before, after) == operations


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/b"},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "add", "path": "/b/c", "value": 1},
        {"op": "add", "path": "/a/c", "value": 1},
        {"op": "add", "path": "/list/c", "value": 1},
        {"op": "add", "path": "/list/3", "value": 1},
        {"op": "replace", "path": "/list/1", "value": 1},
        {"op": "remove", "path": "/list/-"},
    ],
)
def test_what_is_not_there(operation):
    with pytest.raises(LookupError):
        applied({"a": 1, "list": [1]}, [operation])
