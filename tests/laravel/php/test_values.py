"""Single values: odd spellings, opaque values, what cannot be written, limits."""

from __future__ import annotations

import copy
import math
import pickle

import pytest

from holdfast.core.errors import FormatError
from holdfast.laravel.php import (
    Limits,
    Opaque,
    PhpFloat,
    PropertyName,
    SessionArray,
    as_list,
    dumps,
    float_text,
    loads,
    split_property_name,
)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-4, "0.0001"),
        (1e-5, "1.0E-5"),
        (1.5e-7, "1.5E-7"),
        (1e15, "1000000000000000"),
        (1e16, "10000000000000000"),
        (-12345678901234566.0, "-12345678901234566"),
        (1e17, "1.0E+17"),
        (123456789012345678.0, "1.2345678901234568E+17"),
        (1e100, "1.0E+100"),
        (5e-324, "5.0E-324"),
        (1.7976931348623157e308, "1.7976931348623157E+308"),
        (math.inf, "INF"),
        (-math.inf, "-INF"),
        (math.nan, "NAN"),
    ],
)
def test_float_text(number, text):
    assert float_text(number) == text
    assert dumps(number) == f"d:{text};".encode()


def test_foreign_float_text_survives():
    for raw in (b"d:0.10000000000000001;", b"d:.5;", b"d:1.0;", b"d:1E+400;", b"d:+1;"):
        value = loads(raw)
        assert isinstance(value, PhpFloat)
        assert value == float(raw[2:-1])
        for same in (value, copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
            assert dumps(same) == raw
    with pytest.raises(FormatError):
        PhpFloat("1_0")


@pytest.mark.parametrize(
    ("raw", "kind", "value"),
    [
        (b"i:+1;", "int", 1),
        (b"i:-0;", "int", 0),
        (b"i:007;", "int", 7),
        (b"i:99999999999999999999;", "int", 2**63 - 1),
        (b"i:-99999999999999999999;", "int", -(2**63)),
        (b's:02:"ab";', "string", "ab"),
        (b's:00:"";', "string", ""),
        (b'S:2:"\\41\\ff";', "string", b"A\xff"),
    ],
)
def test_odd_scalars_say_what_php_reads(raw, kind, value):
    opaque = loads(raw)
    assert isinstance(opaque, Opaque)
    assert (opaque.kind, opaque.value, opaque.class_name) == (kind, value, b"")
    assert dumps({"in": [opaque]}) == b'a:1:{s:2:"in";a:1:{i:0;' + raw + b"}}"


def test_objects_are_looked_into():
    raw = (
        b'O:8:"App\\Cart":5:{s:2:"id";i:7;s:8:"\0*\0lines";a:1:{i:0;s:1:"x";}'
        b's:15:"\0App\\Cart\0total";d:9.5;s:1:"0";N;i:0;b:1;}'
    )
    cart = loads(raw)
    assert isinstance(cart, Opaque)
    assert (cart.kind, cart.class_name) == ("object", b"App\\Cart")
    assert cart.properties() == {
        "id": 7,
        "\0*\0lines": {0: "x"},
        "\0App\\Cart\0total": 9.5,
        "0": None,  # a name, not the key 0
        0: True,
    }
    assert cart == Opaque(raw)
    assert hash(cart) == hash(Opaque(raw))
    assert cart != Opaque(raw.replace(b"i:7", b"i:8"))
    with pytest.raises(TypeError):
        _ = cart.value


def test_enums_and_serializable_objects_are_looked_into():
    plan = loads(b'E:13:"App\\Plan:Free";')
    assert isinstance(plan, Opaque)
    assert (plan.kind, plan.class_name, plan.case) == ("enum", b"App\\Plan", b"Free")
    old = loads(b'C:3:"Old":5:{{";}}}')
    assert isinstance(old, Opaque)
    assert (old.kind, old.class_name, old.body) == ("custom", b"Old", b'{";}}')
    for value in (plan, old):
        with pytest.raises(TypeError):
            value.properties()


def test_an_opaque_value_shows_nothing_of_itself():
    assert "hunter2" not in repr(loads(b'O:4:"User":1:{s:8:"password";s:7:"hunter2";}'))


def test_property_names():
    assert split_property_name("name") == PropertyName("public", "", "name")
    assert split_property_name(0) == PropertyName("public", "", 0)
    assert split_property_name("\0*\0name") == PropertyName("protected", "", "name")
    assert split_property_name("\0A\\B\0name") == PropertyName("private", "A\\B", "name")
    assert split_property_name(b"\0*\0\xff") == PropertyName("protected", "", b"\xff")
    with pytest.raises(FormatError):
        split_property_name("\0name")


def test_lists():
    assert as_list(loads(b"a:2:{i:0;i:5;i:1;N;}")) == [5, None]
    assert as_list({}) == []
    assert as_list((1, 2)) == [1, 2]
    for other in (loads(b"a:2:{i:1;i:5;i:0;N;}"), {"a": 1}, "text", None):
        with pytest.raises(FormatError):
            as_list(other)


def test_keys_are_phps():
    keys = {"5": 1, "05": 2, "-5": 3, "-0": 4, "": 5, b"k": 6, b"\xff": 7, "٣": 8, str(2**63): 9}
    assert list(loads(dumps(keys))) == [5, "05", -5, "-0", "", "k", b"\xff", "٣", str(2**63)]
    assert dumps({"1": "a", 2: "b", 1: "c"}) == b'a:2:{i:1;s:1:"c";i:2;s:1:"b";}'
    assert loads(b'a:3:{i:1;s:1:"a";i:2;N;s:1:"1";s:1:"c";}') == {1: "c", 2: None}


@pytest.mark.parametrize("key", [True, 1.5, None, (1,)])
def test_keys_that_php_has_not(key):
    with pytest.raises(TypeError):
        dumps({key: 1})
    with pytest.raises(TypeError):
        SessionArray()[key] = 1


@pytest.mark.parametrize("value", [object(), {1, 2}, 1j, [object()]])
def test_types_that_php_has_not(value):
    with pytest.raises(TypeError):
        dumps(value)


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        [-(2**63) - 1],
        {2**63: 1},
        "\ud800",
        {"\ud800": 1},
        [Opaque(b'O:1:"A":1:{s:1:"a";r:1;}')],
    ],
)
def test_values_that_php_cannot_hold(value):
    with pytest.raises(FormatError):
        dumps(value)


@pytest.mark.parametrize(
    "raw", [b"", b"junk", b'O:1:"A":0:{}N;', b'O:1:"A":1:{', b"N;", b"d:1;", b'O:2:"A ":0:{}']
)
def test_bytes_that_are_no_opaque_value(raw):
    with pytest.raises(FormatError):
        Opaque(raw)


def test_a_list_that_holds_itself_is_refused():
    loop: list = []
    loop.append(loop)
    with pytest.raises(FormatError):
        dumps(loop)


@pytest.mark.parametrize(
    ("limits", "data"),
    [
        (Limits(max_bytes=20), b's:20:"aaaaaaaaaaaaaaaaaaaa";'),
        (Limits(max_depth=2), b"a:1:{i:0;a:1:{i:0;a:1:{i:0;N;}}}"),
        (Limits(max_elements=3), b"a:2:{i:0;a:2:{i:0;N;i:1;N;}i:1;N;}"),
    ],
)
def test_limits(limits, data):
    loads(data)
    for read in (loads, SessionArray.loads):
        with pytest.raises(FormatError):
            read(data, limits=limits)


def test_a_count_that_cannot_be_is_refused_before_anything_is_read():
    with pytest.raises(FormatError) as caught:
        loads(b"a:9:{i:0;N;i:1;N;i:2;N;i:3;N;i:4;N;i:5;N;i:6;N;i:7;")
    assert caught.value.offset == 0


def test_errors_say_where_and_what():
    with pytest.raises(FormatError) as caught:
        loads(b'a:1:{s:6:"secret";x:1;}')
    assert caught.value.offset == 18
    assert "N b i d s a O C E r R" in caught.value.expected
    assert "secret" not in str(caught.value)


def test_other_buffers_are_taken_and_text_is_not():
    assert loads(bytearray(b"i:1;")) == 1
    assert loads(memoryview(b"i:1;")) == 1
    for wrong in ("i:1;", 4, None):
        with pytest.raises(TypeError):
            loads(wrong)
