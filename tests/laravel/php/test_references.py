"""Edits before, at and behind references; what PHP makes of them is in test_against_php.py."""

from __future__ import annotations

import pytest

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Opaque, SessionArray, dumps, loads

VARIABLE = b'a:4:{s:1:"a";i:1;s:1:"n";i:42;s:1:"x";s:5:"other";s:1:"m";R:3;}'
OBJECT = b'a:3:{s:1:"o";O:1:"A":1:{s:1:"p";i:1;}s:1:"x";i:7;s:1:"q";a:2:{i:0;r:2;i:1;i:5;}}'


def test_numbers_follow_an_edit_before_them():
    array = SessionArray.loads(VARIABLE)
    array["a"] = [9]
    assert array.dumps() == VARIABLE.replace(b'"a";i:1;', b'"a";a:1:{i:0;i:9;}').replace(
        b"R:3", b"R:4"
    )
    del array["a"]
    assert array.dumps() == b'a:3:{s:1:"n";i:42;s:1:"x";s:5:"other";s:1:"m";R:2;}'


def test_what_is_deleted_and_still_referred_to_moves_there():
    array = SessionArray.loads(VARIABLE)
    del array["n"]
    assert array.dumps() == b'a:3:{s:1:"a";i:1;s:1:"x";s:5:"other";s:1:"m";i:42;}'
    array = SessionArray.loads(OBJECT)
    array["o"] = None
    assert array.dumps() == (
        b'a:3:{s:1:"o";N;s:1:"x";i:7;s:1:"q";a:2:{i:0;O:1:"A":1:{s:1:"p";i:1;}i:1;i:5;}}'
    )


def test_of_several_variables_the_last_one_left_is_no_reference():
    raw = b'a:4:{s:1:"o";O:1:"A":0:{}s:1:"p";R:2;s:1:"q";r:2;s:1:"r";R:2;}'
    array = SessionArray.loads(raw)
    del array["o"], array["p"]
    assert array.dumps() == b'a:2:{s:1:"q";O:1:"A":0:{}s:1:"r";r:2;}'


def test_what_moves_behind_its_references_is_the_reference_then():
    array = SessionArray.loads(VARIABLE)
    array["n"] = array.pop("n")
    assert array.dumps() == b'a:4:{s:1:"a";i:1;s:1:"x";s:5:"other";s:1:"m";i:42;s:1:"n";R:4;}'
    array = SessionArray.loads(OBJECT)
    array["q"] = array.pop("q")
    assert array.dumps() is OBJECT
    array["o"] = array.pop("o")
    assert array.dumps() == (
        b'a:3:{s:1:"x";i:7;s:1:"q";a:2:{i:0;O:1:"A":1:{s:1:"p";i:1;}i:1;i:5;}s:1:"o";r:4;}'
    )


def test_values_with_references_are_handed_out_whole():
    array = SessionArray.loads(OBJECT)
    value = array["q"]
    assert isinstance(value, Opaque)
    assert value.kind == "array"
    assert value.value == {0: Opaque(b"r:2;"), 1: 5}
    assert array.dumps() is OBJECT
    array["q"] = value
    assert array.dumps() is OBJECT
    array["elsewhere"] = value
    with pytest.raises(FormatError):
        array.dumps()


def test_references_to_the_whole_array_stay():
    array = SessionArray.loads(b'a:2:{s:1:"a";i:1;s:4:"self";R:1;}')
    array["b"] = 2
    assert array.dumps() == b'a:3:{s:1:"a";i:1;s:4:"self";R:1;s:1:"b";i:2;}'


def test_objects_that_hold_each_other_move_together():
    raw = b'a:2:{s:1:"p";O:1:"P":1:{s:1:"c";O:1:"C":1:{s:1:"p";r:2;}}s:1:"x";a:1:{i:0;r:3;}}'
    array = SessionArray.loads(raw)
    del array["p"]
    assert array.dumps() == (
        b'a:1:{s:1:"x";a:1:{i:0;O:1:"C":1:{s:1:"p";O:1:"P":1:{s:1:"c";r:3;}}}}'
    )


@pytest.mark.parametrize(
    "raw",
    [
        b"a:3:{i:0;i:1;i:0;i:2;i:1;R:2;}",
        b'a:2:{i:0;i:1;i:1;a:3:{s:1:"0";i:1;i:0;i:1;i:1;R:2;}}',
    ],
)
def test_keys_written_twice_and_references_cannot_be_edited(raw):
    array = SessionArray.loads(raw)
    assert array.dumps() is raw
    array["new"] = 1
    with pytest.raises(FormatError):
        array.dumps()


def test_serializable_objects_number_values_that_only_they_know():
    # as PHP 8.2 wrote it: the last object is the one inside the first one's body
    raw = (
        b'a:4:{i:0;C:1:"S":42:{a:2:{i:0;O:1:"N":1:{s:1:"x";i:1;}i:1;i:7;}}'
        b'i:1;O:1:"N":1:{s:1:"x";i:1;}i:2;r:7;i:3;r:4;}'
    )
    array = SessionArray.loads(raw)
    assert array.dumps() is raw
    array["new"] = 1
    with pytest.raises(FormatError):
        array.dumps()
    inner = b'a:2:{i:0;O:1:"N":0:{}i:1;C:1:"S":4:{r:2;}}'
    array = SessionArray.loads(inner)
    array["new"] = 1
    with pytest.raises(FormatError):
        array.dumps()


def test_other_serializable_objects_do_not_stand_in_the_way():
    raw = b'a:3:{i:0;C:3:"Old":12:{user:1;"a":2}i:1;i:5;i:2;R:3;}'
    array = SessionArray.loads(raw)
    array[0] = [1]
    assert array.dumps() == b"a:3:{i:0;a:1:{i:0;i:1;}i:1;i:5;i:2;R:4;}"
    array = SessionArray.loads(raw)
    array["z"] = Opaque(b'C:3:"Old":2:{N;}')
    with pytest.raises(FormatError):
        array.dumps()


def test_a_value_that_moves_too_deep_is_refused():
    # at its own place the object is as deep as PHP reads, at the other one deeper
    deep = b"a:1:{i:0;" * 4093 + b'O:1:"A":0:{}' + b"}" * 4093
    raw = b'a:2:{s:1:"o";O:1:"B":1:{s:1:"d";' + deep + b'}s:1:"q";a:1:{i:0;a:1:{i:0;r:2;}}}'
    array = SessionArray.loads(raw)
    array["x"] = 1
    array.dumps()
    del array["o"]
    with pytest.raises(FormatError):
        array.dumps()


def test_a_root_with_references_comes_back():
    for raw in (VARIABLE, OBJECT, b'O:1:"A":1:{s:1:"a";r:1;}'):
        assert dumps(loads(raw)) == raw
