"""The lazy array behaves as a dictionary and gives back what it was not asked to change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Opaque, SessionArray, dumps, loads

RAW = (
    b'a:5:{s:6:"_token";s:3:"abc";s:4:"cart";a:1:{i:0;a:1:{s:5:"price";d:0.10000000000000001;}}'
    b's:1:"5";i:+7;s:4:"user";O:4:"User":1:{s:2:"id";i:1;}s:4:"list";a:2:{i:0;i:1;i:1;i:2;}}'
)


def test_it_reads_as_a_mapping():
    array = SessionArray.loads(RAW)
    assert list(array) == ["_token", "cart", 5, "user", "list"]
    assert len(array) == 5
    assert array["_token"] == "abc"
    assert array[b"_token"] == "abc"
    assert array["5"].value == array[5].value == 7
    assert array["user"] == Opaque(b'O:4:"User":1:{s:2:"id";i:1;}')
    assert array["cart"] is array["cart"]
    assert "5" in array
    assert "nobody" not in array
    assert array.get("nobody") is None
    with pytest.raises(KeyError):
        _ = array["nobody"]
    with pytest.raises(KeyError):
        del array["nobody"]


def test_unchanged_is_the_very_object():
    array = SessionArray.loads(RAW)
    assert array.dumps() is RAW
    for value in array.values():
        assert value is not None
    array["_token"] = "abc"
    array["list"] = [1, 2]
    array["cart"] = {0: {"price": array["cart"][0]["price"]}}
    array["5"] = array[5]
    assert not array.changed()
    assert array.dumps() is RAW
    array["_token"] = "abd"
    array["_token"] = "abc"
    assert array.dumps() is RAW


def test_changing_one_value_leaves_the_other_bytes():
    array = SessionArray.loads(RAW)
    array["_token"] = "x"
    assert array.changed()
    assert array.dumps() == RAW.replace(b's:3:"abc"', b's:1:"x"')
    assert array.raw("_token") == b's:1:"x";'
    assert array.raw(5) == b"i:+7;"


def test_changes_in_place_count():
    array = SessionArray.loads(RAW)
    price = array["cart"][0]["price"]
    array["cart"][0]["price"] = 2
    assert array.dumps() == RAW.replace(b"d:0.10000000000000001", b"i:2")
    array["cart"][0]["price"] = price
    assert array.dumps() is RAW
    array["list"] = [1]
    array["list"].append(2)
    assert not array.changed()
    array["list"].append(3)
    assert array.changed()


def test_order_is_phps():
    array = SessionArray.loads(RAW)
    array["_token"] = 1
    assert next(iter(array)) == "_token"
    token = array.pop("_token")
    array["_token"] = token
    assert list(array) == ["cart", 5, "user", "list", "_token"]
    again = SessionArray.loads(RAW)
    moved = again.pop("_token")
    again["_token"] = moved
    assert again.changed()
    last = SessionArray.loads(RAW)
    last["list"] = last.pop("list")
    assert not last.changed()
    assert last.dumps() is RAW


def test_a_new_one():
    array = SessionArray()
    assert array.dumps() == b"a:0:{}"
    assert not array.changed()
    array["a"] = {"b": []}
    assert array.changed()
    assert array.dumps() == b'a:1:{s:1:"a";a:1:{s:1:"b";a:0:{}}}'
    del array["a"]
    assert not array.changed()


def test_what_follows_the_array_is_kept_until_a_change():
    array = SessionArray.loads(RAW + b"\n")
    assert array.dumps() == RAW + b"\n"
    del array["list"]
    assert array.dumps().endswith(b"}")


def test_a_key_written_twice_is_kept_until_a_change():
    raw = b"a:3:{i:0;i:1;i:1;i:2;i:0;i:3;}"
    array = SessionArray.loads(raw)
    assert dict(array) == {0: 3, 1: 2}
    assert list(array) == [0, 1]
    assert array.dumps() is raw
    array[1] = 5
    assert array.dumps() == b"a:2:{i:0;i:3;i:1;i:5;}"


@pytest.mark.parametrize("raw", [b"N;", b"i:1;", b'O:1:"A":0:{}', b'a:1:{i:0;E:1:"A";}', b""])
def test_what_is_no_array_is_refused(raw):
    with pytest.raises(FormatError):
        SessionArray.loads(raw)


def test_a_bad_value_deep_inside_is_found_at_once():
    with pytest.raises(FormatError) as caught:
        SessionArray.loads(b'a:1:{s:1:"a";a:1:{i:0;O:2:"A ":0:{}}}')
    assert caught.value.expected == "a class name"


def test_quotes_in_strings_are_no_structure():
    evil = 'x";s:5:"admin";b:1;s:1:"'
    array = SessionArray.loads(dumps({"name": evil, evil: 1}))
    assert dict(array) == {"name": evil, evil: 1}


def test_values_show_nothing():
    assert "abc" not in repr(SessionArray.loads(RAW))


KEYS = st.sampled_from(["a", "b", "5", 5, "05", "", b"\xff", -1])
SCALARS = st.none() | st.booleans() | st.integers(-9, 9) | st.floats() | st.text(max_size=3)
VALUES = st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=6)
EDITS = st.lists(
    st.tuples(st.sampled_from(["set", "delete", "read", "inside"]), KEYS, VALUES), max_size=8
)


@given(st.dictionaries(KEYS, VALUES, max_size=6), EDITS)
def test_edits_are_those_of_a_dictionary(start, edits):
    raw = dumps(start)
    array = SessionArray.loads(raw)
    expected = loads(raw)
    for edit, key, value in edits:
        number = 5 if key == "5" else key
        match edit:
            case "set":
                array[key] = value
                expected[number] = value
            case "delete":
                array.pop(key, None)
                expected.pop(number, None)
            case "read":
                assert (key in array) == (number in expected)
                array.get(key)
            case "inside":
                if isinstance(array.get(key), dict):
                    array[key]["a"] = 1
                    expected[number]["a"] = 1
    assert array.dumps() == dumps(expected)
    assert array.changed() == (dumps(expected) != raw)
    for key in expected:
        assert array.raw(key) == dumps(expected[key])
