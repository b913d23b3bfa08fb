"""Sessions in JSON: PHP's json_decode and json_encode judge."""

from __future__ import annotations

import base64
import json
import math
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import FormatError
from holdfast.laravel import php
from holdfast.laravel.json_array import MAX_DEPTH, JsonArray, dumps, loads

INTS = st.integers(-(2**63), 2**63 - 1)
SCALARS = st.none() | st.booleans() | INTS | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    SCALARS | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(INTS | st.text(), inner, max_size=4)
    ),
    max_leaves=20,
)
TEXTS = VALUES.map(lambda value: json.dumps(value, ensure_ascii=False).encode())

# Texts that PHP takes or refuses in its own ways, or reads as something else than one would think.
ODD = [
    *(b"", b" ", b"0", b"-0", b"-0.0", b"01", b"-", b"+1", b"1.", b".5", b"1e5", b"1E+5", b"0x1"),
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"1e-400"),
    *(b"9" * 400, b"-" + b"9" * 400, b"9" * 5000, b"1e308", b"1e309", b"-1e400"),
    *(b"-9223372036854775809", b"123456789012345678901234567890", b"1.0", b"1e17", b"1.5e-7"),
    *(
        b"true",
        b"TRUE",
        b"True",
        b"null",
        b"NULL",
        b"NaN",
        b"Infinity",
        b"-Infinity",
        b"tru",
        b"nul",
    ),
    *(
        b'""',
        b'"',
        b'"\\',
        b'"\\u0000"',
        b'"\x00"',
        b'"\x1f"',
        b'"\x7f"',
        b'"\\x"',
        b"'a'",
        b'"\\/"',
    ),
    *(b'"\\ud83d\\ude00"', b'"\\ud83d"', b'"\\ude00"', b'"\\ud83d\\u0041"', b'"\\uD83D\\uDE00"'),
    *(
        b'"\\u12"',
        b'"\xff"',
        b'"\xc3\xa9"',
        b'"\xed\xa0\x80"',
        b'"\xc0\x80"',
        b'"\xf4\x90\x80\x80"',
    ),
    *(b"[]", b"{}", b"[1,]", b"[,1]", b"{,}", b'{"a":1,}', b"[1 2]", b"[1]]", b"[1] x", b" [1] "),
    *(b"[1]\x0b", b"[1]\x00", b"\xef\xbb\xbf[1]", b"\t\n\r[1]", b"[1]//", b"[01]", b"[-]", b"[1e]"),
    *(b'{"a":1,"b":2,"a":3}', b'{"a":1,"\\u0061":2}', b'{"5":1,"05":2,"-5":3,"-0":4,"":5}'),
    *(b'{"9223372036854775807":1,"9223372036854775808":2}', b'{"0":1,"1":2}', b'{"1":1,"0":2}'),
    *(b'{"\\u0000a":1}', b"{1:2}", b"{a:1}", b'{"a" :\t1 }', b'{"a"}', b'{"a":}', b'{"":{"":[]}}'),
    *(b'{"\xd9\xa3":1}', b'[[],{},[{}],{"a":[]}]', b'{"a":[1,[2,{"b":null}]]}', b'[1,{"2":3}]'),
]


def odd_texts() -> list[bytes]:
    """The odd ones, alone, in containers, and cut into each other."""
    draw = random.Random(1)
    seeds = [text for text in ODD if len(text) > 3]
    texts = [*ODD, *(b"[" * n + b"]" * n for n in (511, 512)), b"[" * 511 + b"1" + b"]" * 511]
    for _ in range(2000):
        pieces = draw.choices(ODD, k=draw.randint(1, 2))
        texts.append(b"[" + b",".join(pieces) + b"]")
        texts.append(b'{"a":' + b',"b":'.join(pieces) + b"}")
        text = bytearray(draw.choice(seeds))
        for _ in range(draw.randint(1, 2)):
            at = draw.randrange(len(text) + 1)
            other = draw.choice(seeds)
            cut = draw.randrange(len(other))
            text[at : at + draw.randint(0, 2)] = draw.choice(
                [
                    other[cut : cut + 6],
                    draw.choice([b"[", b"]", b",", b'"', b"1", b"\\", b"{", b":"]),
                ]
            )
        texts.append(bytes(text))
    return texts


def random_value(draw: random.Random, depth: int):
    match draw.randint(0, 7 if depth < 4 else 4):
        case 0:
            return draw.choice([None, True, False, 0, -1, 2**63 - 1, -(2**63)])
        case 1:
            return draw.choice(
                ["", "0", "a/b", 'q"\\', "Zoë – 日本語 🎉", "\x00\x1f\x7f\x80", "\u2028"]
            )
        case 2:
            return "".join(
                chr(draw.choice([draw.randrange(0xD800), draw.randrange(32)])) for _ in "abc"
            )
        case 3:
            return draw.random() * 10 ** draw.randint(-20, 20)
        case 4:
            return draw.choice([b"\xff", {}, [], -0.0, 1e17, 1e-7, 0.1, 1e300, 5e-324])
        case 5:
            return [random_value(draw, depth + 1) for _ in range(draw.randint(0, 4))]
        case 6:
            return {n: random_value(draw, depth + 1) for n in draw.sample(range(4), 3)}
        case _:
            keys = ["0", "1", 0, 1, "05", "-5", "", "name", b"ab", b"\xff", "/", "é", "1.5"]
            return {
                draw.choice(keys): random_value(draw, depth + 1) for _ in range(draw.randint(0, 4))
            }


def odd_values() -> list:
    draw = random.Random(2)
    values = [random_value(draw, 0) for _ in range(3000)]
    bits = [struct.unpack(">d", draw.randbytes(8))[0] for _ in range(2000)]
    values += [bits[at : at + 50] for at in range(0, 2000, 50)]
    values += [[number] for number in bits[:200]]
    return [*values, math.inf, -math.inf, math.nan]


@pytest.fixture(scope="module")
def judged(ask_laravel):
    """PHP's answers to the texts, and to the values."""
    texts, values = odd_texts(), odd_values()
    requests = [{"text": base64.b64encode(text).decode()} for text in texts]
    requests += [{"value": base64.b64encode(php.dumps(value)).decode()} for value in values]
    answers = ask_laravel("json_array.php", requests)
    return (
        list(zip(texts, answers[: len(texts)], strict=True)),
        list(zip(values, answers[len(texts) :], strict=True)),
    )


def test_odd_texts_are_read_as_php_reads_them(judged):
    accepted = 0
    for text, answer in judged[0]:
        if not answer["ok"]:
            with pytest.raises(FormatError):
                loads(text)
        elif answer["again"] is None:
            with pytest.raises(FormatError, match="beyond all floats"):
                loads(text)
        else:
            value = loads(text)
            assert php.dumps(value) == base64.b64decode(answer["value"]), text
            assert dumps(value) == base64.b64decode(answer["again"]), text
            accepted += 1
    assert 1000 < accepted < 4500


def test_values_are_written_as_php_writes_them(judged):
    refused = 0
    for value, answer in judged[1]:
        try:
            written = dumps(value)
        except FormatError:
            assert answer["text"] is None, value
            refused += 1
            continue
        assert written == base64.b64decode(answer["text"] or ""), value
    assert 100 < refused < 1500


def test_what_php_could_not_read_again_is_not_written():
    """json_encode takes one level more than json_decode; Laravel would lose that session."""
    text = b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH
    assert dumps(loads(text)) == text
    with pytest.raises(FormatError, match="too deeply"):
        loads(b"[" + text + b"]")
    with pytest.raises(FormatError, match="too deeply"):
        dumps([loads(text)])
    array = JsonArray()
    array["a"] = loads(text[1:-1])
    assert JsonArray.loads(array.dumps())["a"] == array["a"]
    array["a"] = loads(text)
    with pytest.raises(FormatError, match="too deeply"):
        array.dumps()


def test_endless_nesting_is_refused():
    with pytest.raises(FormatError):
        loads(b"[" * 200_000)
    endless: list = []
    endless.append(endless)
    with pytest.raises(FormatError, match="too deeply"):
        dumps(endless)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (b"\xff", "not UTF-8"),
        ({b"\xff": 1}, "not UTF-8"),
        ("\ud800", "lone surrogate"),
        ({"\udfff": 1}, "lone surrogate"),
        (2**63, "integer"),
        ([math.nan], "no NaN"),
    ],
)
def test_what_json_cannot_hold_is_refused(value, message):
    array = JsonArray.loads(b'{"a":1}')
    array["a"] = value
    for fails in (lambda: dumps(value), array.dumps, array.changed, lambda: array.raw("a")):
        with pytest.raises(FormatError, match=message) as refusal:
            fails()
        assert refusal.value.__context__ is None


def test_a_key_that_is_not_utf8_is_refused():
    array = JsonArray()
    array[b"\xff"] = 1
    with pytest.raises(FormatError, match="not UTF-8"):
        array.dumps()


@pytest.mark.parametrize("value", [object(), {1.5: 1}, {None: 1}, {True: 1}, {1, 2}])
def test_what_php_has_not_is_a_type_error(value):
    with pytest.raises(TypeError):
        dumps(value)


def test_a_mapping_with_phps_keys_and_order():
    array = JsonArray.loads(b'{"b":1,"5":2,"a":{"x":[1]}}')
    assert list(array) == ["b", 5, "a"]
    assert (array["5"], array[5], array[b"b"], len(array)) == (2, 2, 1, 3)
    assert "5" in array
    assert "x" not in array
    assert array["a"] == {"x": {0: 1}}
    array["b"] = 3
    del array["5"]
    array["5"] = 4
    assert array.dumps() == b'{"b":3,"a":{"x":[1]},"5":4}'
    for missing in (lambda: array["x"], lambda: array.raw("x"), lambda: array.pop("x")):
        with pytest.raises(KeyError):
            missing()


def test_changes_inside_a_value_count():
    array = JsonArray.loads(b'{"cart":["a"],"n":1.0}')
    array["cart"][1] = "b"
    assert array.changed()
    assert array.dumps() == b'{"cart":["a","b"],"n":1.0}'
    del array["cart"][1]
    assert not array.changed()


def test_the_same_value_again_is_no_change():
    data = b'{ "a":1.0, "b":"\xc3\xa9/", "c":{"0":1,"1":2} }'
    array = JsonArray.loads(data)
    array["a"] = 1
    array["b"] = "é/"
    array["c"] = [1, 2]
    del array["c"]
    array["c"] = (1, 2)
    assert not array.changed()
    assert array.dumps() is data


def test_untouched_members_stay_as_they_stood():
    array = JsonArray.loads(b'{ "a" : 1.0 , "b":"\xc3\xa9/" , "c": {"0":1} }')
    array["d"] = "é/"
    assert array.dumps() == b'{"a":1.0,"b":"\xc3\xa9/","c":{"0":1},"d":"\\u00e9\\/"}'


def test_order_is_a_change():
    array = JsonArray.loads(b'{"a":1,"b":2}')
    array["a"] = array.pop("a")
    assert array.changed()
    assert array.dumps() == b'{"b":2,"a":1}'


def test_lists_and_objects_change_into_each_other():
    array = JsonArray()
    assert (array.dumps(), array.changed()) == (b"[]", False)
    array[0] = "a"
    array["1"] = "b"
    assert array.dumps() == b'["a","b"]'
    del array[0]
    assert array.dumps() == b'{"1":"b"}'


@pytest.mark.parametrize("data", [b"", b"null", b"1", b'"a"', b"{", b"a:0:{}", b"[1]x"])
def test_what_is_no_array_is_refused(data):
    with pytest.raises(FormatError) as refusal:
        JsonArray.loads(data)
    assert refusal.value.expected
    assert refusal.value.__context__ is None


def test_neither_keys_nor_values_are_shown():
    assert repr(JsonArray.loads(b'{"secret":"secret"}')) == "<JsonArray of 1>"


@given(TEXTS)
def test_untouched_input_is_written_as_it_was(text):
    try:
        array = JsonArray.loads(text)
    except FormatError:
        assert text[:1] not in b"[{"
        return
    assert array.dumps() is text
    values = dict(array)
    assert not array.changed()
    assert array.dumps() is text
    assert values == loads(text)
    array["a new key"] = [1]
    again = JsonArray.loads(array.dumps())
    assert dict(again) == {**values, "a new key": {0: 1}}
    assert list(again) == list(array)
    assert JsonArray.joined(array.raws()) == array.dumps()


@given(VALUES)
def test_values_come_back(value):
    written = dumps(value)
    again = loads(written)
    assert dumps(again) == written
    assert json.loads(written) == json.loads(dumps(again))
    assert again == loads(dumps(php.loads(php.dumps(value))))


FRAGMENTS = st.lists(st.sampled_from([*b'[]{},:"\\ 019-.eE+tfn\xff\xc3\xa9']), max_size=30).map(
    bytes
)


@given(st.binary(max_size=60) | FRAGMENTS | st.lists(st.sampled_from(ODD)).map(b",".join))
def test_bytes_raise_format_errors_only(data):
    try:
        array = JsonArray.loads(data)
    except FormatError:
        return
    assert len(list(array.values())) == len(array)
    assert array.dumps() is data
