"""Dotted keys where PHP's arrays are not simply dictionaries; the rest is held against Laravel."""

from __future__ import annotations

import pytest

from holdfast.core.errors import FormatError
from holdfast.laravel.php import SessionArray
from holdfast.session.dots import read, remove, write

REFERENCES = b'a:1:{s:1:"a";a:3:{s:1:"x";i:1;s:1:"y";R:3;s:1:"z";a:1:{s:1:"b";i:2;}}}'
OBJECT = b'a:1:{s:1:"o";O:8:"stdClass":1:{s:1:"x";i:1;}}'


def test_an_array_with_references_is_looked_into():
    array = SessionArray.loads(REFERENCES)
    assert read(array, "a.x") == 1
    assert read(array, "a.z.b") == 2
    assert read(array, "a.q", "default") == "default"
    assert not array.changed()


def test_an_array_with_references_is_not_changed_by_parts():
    array = SessionArray.loads(REFERENCES)
    with pytest.raises(FormatError, match="references"):
        write(array, "a.x", 2)
    with pytest.raises(FormatError, match="references"):
        remove(array, ["a.z.b"])
    assert array.dumps() == REFERENCES
    write(array, "a", {"x": 2})
    assert array.dumps() == b'a:1:{s:1:"a";a:1:{s:1:"x";i:2;}}'


def test_an_object_has_no_members_and_gives_way():
    array = SessionArray.loads(OBJECT)
    assert read(array, "o.x", "default") == "default"
    remove(array, ["o.x"])
    assert not array.changed()
    write(array, "o.x", 2)
    assert array["o"] == {"x": 2}


def test_what_was_handed_out_is_what_is_written_to():
    array = SessionArray.loads(b'a:2:{s:1:"a";a:0:{}s:1:"b";a:1:{i:5;i:1;}}')
    empty, full = array["a"], array["b"]
    write(array, "a.x", 1)
    write(array, "b.5", 2)
    assert empty == {"x": 1}
    assert full == {5: 2}
    assert array.dumps() == b'a:2:{s:1:"a";a:1:{s:1:"x";i:1;}s:1:"b";a:1:{i:5;i:2;}}'


def test_keys_that_are_numbers_are_found_however_they_were_put():
    array = SessionArray()
    array["cart"] = {"17": "anchor", 18: "buoy", b"bytes": 1}
    assert read(array, "cart.17") == "anchor"
    assert read(array, "cart.bytes") == 1
    write(array, "cart.17", "cleat")
    remove(array, ["cart.18"])
    assert array["cart"] == {17: "cleat", "bytes": 1}


def test_a_list_is_an_array():
    array = SessionArray()
    array["list"] = ["a", ("b", "c")]
    assert read(array, "list.1.0") == "b"
    assert read(array, "list.2", "default") == "default"
    write(array, "list.1.1", "d")
    assert array["list"] == {0: "a", 1: {0: "b", 1: "d"}}
