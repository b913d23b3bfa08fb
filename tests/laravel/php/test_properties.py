"""Whatever goes in: values come back, and bytes raise nothing but FormatError."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Opaque, SessionArray, dumps, loads

INTS = st.integers(-(2**63), 2**63 - 1)
NOT_TEXT = st.binary(max_size=20).map(lambda data: data + b"\xff")
SCALARS = (
    st.none() | st.booleans() | INTS | st.floats(allow_nan=False) | st.text(max_size=20) | NOT_TEXT
)
KEYS = INTS | NOT_TEXT | st.text(max_size=9).filter(lambda key: loads(dumps({key: 0})) == {key: 0})
VALUES = st.recursive(SCALARS, lambda inner: st.dictionaries(KEYS, inner, max_size=5))
TOKENS = (
    *(b"a:1:{", b"a:2:{", b"}", b"i:0;", b"i:+1;", b's:1:"a";', b'S:1:"\\41";', b"N;", b"b:1;"),
    *(b"R:1;", b"R:2;", b"r:1;", b"r:2;", b"r:3;", b'O:1:"A":1:{', b'O:1:"B":0:{}', b"d:.5;"),
    *(b'E:3:"S:A";', b'C:1:"C":4:{r:1;}', b'C:1:"C":2:{xx}', b"a:0:{}", b"i:1"),
)
SPELLED = st.lists(st.sampled_from(TOKENS), max_size=12).map(b"".join)


@given(VALUES)
def test_values_come_back(value):
    data = dumps(value)
    assert loads(data) == value
    assert dumps(loads(data)) == data


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_an_array_is_its_serialized_members(members):
    array = SessionArray.loads(dumps(members))
    assert {key: loads(raw) for key, raw in array.raws().items()} == members
    assert SessionArray.joined(array.raws()) == array.dumps()
    array["new"] = [1]
    assert SessionArray.joined(array.raws()) == array.dumps()


@given(st.floats())
def test_floats_come_back(number):
    again = loads(dumps(number))
    assert type(again) is float
    assert again == number or (math.isnan(again) and math.isnan(number))
    assert math.copysign(1, again) == math.copysign(1, number) or math.isnan(number)


@given(st.binary(max_size=60) | SPELLED)
def test_bytes_raise_format_errors_only(data):
    _read_all(data)


@given(st.data())
def test_mutated_vectors_raise_format_errors_only(vectors, data):
    raw = bytearray(data.draw(st.sampled_from([v.raw for v in vectors if len(v.raw) < 400])))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(raw)))
        raw[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    _read_all(bytes(raw))


def _read_all(data: bytes) -> None:
    try:
        value = loads(data)
    except FormatError as error:
        refused: FormatError | None = error
    else:
        refused = None
        if isinstance(value, Opaque) and value.kind in {"object", "array"}:
            value.properties()
        assert loads(dumps(value)) == value or "NAN" in repr(data)
    if refused:
        assert refused.expected
        assert 0 <= refused.offset <= len(data)
    try:
        array = SessionArray.loads(data)
    except FormatError:
        assert refused or not data.startswith(b"a")
        return
    assert not refused
    assert len(list(array.values())) == len(array)
    assert array.dumps() == data
    array["a new key"] = {"a": [1]}
    try:
        written = array.dumps()
    except FormatError:
        return  # references that cannot be renumbered
    again = SessionArray.loads(written)
    assert list(again) == list(array)
    assert again.dumps() == written
