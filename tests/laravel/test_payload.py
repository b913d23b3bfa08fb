"""Stored values: every layer as real Laravel wrote it, and each way in which one can be broken."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from holdfast.core.errors import FormatError, Undecodable
from holdfast.laravel import payload as module
from holdfast.laravel import php
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec, Form, from_php_string, php_string

KEY = "base64:aG9sZGZhc3QtdGVzdC1rZXktMzItYnl0ZXMtbG9uZyE="
AES = Encrypter.from_app_key(KEY)
OTHER = Encrypter.from_app_key("k" * 32)
CODECS = [
    Codec(form, serialization, encrypter)
    for form in Form
    for serialization in ("php", "json")
    for encrypter in (None, AES)
]
PLAIN = [codec for codec in CODECS if codec.encrypter is None]
SESSION = {
    "_token": "t" * 40,
    "_flash": {"old": {}, "new": {}},
    "cart": {0: "apple", 1: "zoë/"},
    "n": 1.5,
}

every_codec = pytest.mark.parametrize(
    "codec", CODECS, ids=lambda c: f"{c.form.value}-{c.serialization}-{bool(c.encrypter)}"
)


def wrapped(codec, payload) -> bytes:
    """A payload in the layers of a codec, whatever it is."""
    if codec.encrypter is not None:
        payload = codec.encrypter.encrypt_string(php_string(payload)).encode()
    match codec.form:
        case Form.BARE:
            return payload
        case Form.PHP_STRING:
            return php_string(payload)
        case Form.BASE64:
            return base64.b64encode(payload)


def stored(codec) -> bytes:
    """A session as Laravel would store it."""
    if codec.serialization == "json":
        return wrapped(codec, json.dumps(SESSION).replace("{}", "[]").encode())
    return wrapped(codec, php.dumps(SESSION))


FORMS = {
    "file": Form.BARE,
    "memcached": Form.BARE,
    "cookie": Form.BARE,
    "redis": Form.PHP_STRING,
    "database": Form.BASE64,
}


@pytest.fixture(scope="module")
def driven(golden, vectors):
    """What the drivers of Laravel 8 and 12 stored: codec, stored bytes, the attributes' bytes.

    The files' attributes are not in the index; each replica has its own.
    """
    found = []
    for version in (8, 12):
        index = golden(f"drivers-laravel{version}/index.json")
        encrypter = Encrypter.from_app_key(index["app_key"], index["cipher"])
        for run in index["runs"]:
            driver = run["env"]["SESSION_DRIVER"]
            encrypted = run["env"]["SESSION_ENCRYPT"] == "true"
            for kept in run.get("stored") or []:
                if driver == "database":
                    data = kept["payload"].encode()
                elif driver == "cookie":
                    data = json.loads(kept["decrypted"])["data"].encode()
                else:
                    data = (vectors / f"drivers-laravel{version}" / kept["file"]).read_bytes()
                plain = kept.get("session_serialized")
                if plain is not None:
                    # the index holds bytes as Latin-1, but a cookie's JSON as text
                    plain = plain.encode("utf-8" if run["name"] == "cookie" else "latin1")
                codec = Codec(FORMS[driver], "php", encrypter if encrypted else None)
                found.append((codec, data, plain))
    assert len(found) == 2 * (2 * 4 + 2 * 6)
    return found


def unwrapped(codec, data) -> bytes:
    """What a stored value holds once nothing random is left of it."""
    match codec.form:
        case Form.PHP_STRING:
            data = php.loads(data).encode()
        case Form.BASE64:
            data = base64.b64decode(data, validate=True)
    return data if codec.encrypter is None else codec.encrypter.decrypt_string(data)


def check(codec, data, plain) -> None:
    """It is read, written back as it was, and written anew as Laravel wrote it."""
    attributes = codec.loads(data)
    assert not attributes.changed()
    written = codec.dumps(attributes)
    assert written == data or codec.encrypter is not None
    assert unwrapped(codec, written) == unwrapped(codec, data)
    if plain is not None:
        assert attributes.dumps() == plain
    anew = codec.new()
    anew.update(attributes)
    # PHP, too, reads -0 in JSON as an integer and writes it as 0
    assert anew.dumps() == attributes.dumps().replace(b",-0,", b",0,")
    assert codec.loads(codec.dumps(anew)).dumps() == anew.dumps()


def test_what_every_driver_stored(driven):
    for codec, data, plain in driven:
        check(codec, data, plain)
    assert {(codec.form, codec.encrypter is None) for codec, _, _ in driven} == {
        (form, plain) for form in Form for plain in (True, False)
    }


def test_sessions_in_json_in_redis(golden):
    vector = golden("session-json-laravel11.json")
    encrypter = Encrypter.from_app_key(vector["app_key"])
    for run in vector["runs"]:
        codec = Codec(Form.PHP_STRING, "json", encrypter if run["encrypt"] else None)
        check(codec, base64.b64decode(run["raw_b64"]), run["session_json"].encode())


def test_the_sessions_of_the_formats(golden):
    seen = set()
    for version in golden("formats-laravel-8-10-12.json")["versions"]:
        for entry in version["session"]:
            codec = Codec(Form.BARE, entry["serialization"])
            for name in ("payload_b64", "after_second_request_b64"):
                data = base64.b64decode(entry[name])
                check(codec, data, data)
            seen.add((entry["scenario"], entry["serialization"]))
        for entry in version["encrypted_session"]:
            encrypter = Encrypter.from_app_key(entry["app_key"])
            codec = Codec(Form.BARE, entry["serialization"], encrypter)
            check(codec, entry["payload"].encode(), base64.b64decode(entry["inner_b64"]))
    assert len(seen) == 16


def test_values_of_phpredis_options_are_undecodable(golden):
    """What a phpredis with serializer or compression stored is refused, not taken for empty."""
    codec = Codec(Form.PHP_STRING)
    reasons = {}
    for entry in golden("phpredis-options.json")["stored"]:
        name = (entry["serializer"], entry["compression"])
        try:
            assert codec.loads(base64.b64decode(entry["b64"]))["counter"] == 3
        except Undecodable as error:
            reasons[name] = error.reason
    assert reasons.pop(("php", "none")) == "not an array"
    assert len(reasons) == 14
    assert set(reasons.values()) == {"outer layer"}


def reason(codec, data) -> str:
    with pytest.raises(Undecodable) as refusal:
        codec.loads(data)
    error = refusal.value
    assert "t" * 40 not in f"{error} {error.hint}"
    return error.reason


@every_codec
def test_an_empty_payload_is_an_empty_session(codec):
    for payload in (b"", b"0"):
        attributes = codec.loads(wrapped(codec, payload))
        assert (len(attributes), attributes.changed()) == (0, False)
    assert len(codec.new()) == 0
    assert type(codec.new()) is type(codec.loads(stored(codec)))


@every_codec
def test_a_session_cut_short_is_undecodable(codec):
    data = stored(codec)
    # the last character of base64 may be padding, and PHP ignores it
    for cut in range(1, len(data) - 4):
        assert reason(codec, data[:cut]) in {"outer layer", "encryption", "serialization"}


@every_codec
def test_the_other_serialization_is_undecodable(codec):
    other = "json" if codec.serialization == "php" else "php"
    data = stored(Codec(codec.form, other, codec.encrypter))
    assert reason(codec, data) == "serialization"


@pytest.mark.parametrize("payload", [b'"text"', b"1", b"null", b"true", b"1.5"])
@pytest.mark.parametrize("form", Form)
def test_a_single_value_is_not_an_array(form, payload):
    codec = Codec(form, "json")
    assert reason(codec, wrapped(codec, payload)) == "not an array"
    value = json.loads(payload)
    codec = Codec(form)
    assert reason(codec, wrapped(codec, php.dumps(value))) == "not an array"


def test_a_session_written_twice_over_is_not_an_array():
    for form in Form:
        codec = Codec(form)
        assert reason(codec, wrapped(codec, php_string(php.dumps(SESSION)))) == "not an array"


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("serialization", ["php", "json"])
def test_an_encrypted_session_without_and_with_another_key(form, serialization):
    encrypted = stored(Codec(form, serialization, AES))
    assert reason(Codec(form, serialization), encrypted) == "serialization"
    assert reason(Codec(form, serialization, OTHER), encrypted) == "encryption"
    rotated = Encrypter("aes-256-cbc", (*OTHER.keys, *AES.keys))
    assert Codec(form, serialization, rotated).loads(encrypted)["_token"] == "t" * 40


@pytest.mark.parametrize("form", Form)
def test_a_plain_session_where_encrypted_ones_are_expected(form):
    assert reason(Codec(form, "php", AES), stored(Codec(form))) == "encryption"


@pytest.mark.parametrize("form", Form)
def test_an_envelope_of_something_else(form):
    codec = Codec(form, "php", AES)
    for plaintext in (b"", b"i:1;", php.dumps(SESSION), b's:9:"short";'):
        envelope = AES.encrypt_string(plaintext).encode()
        data = wrapped(Codec(form), envelope)
        assert reason(codec, data) == "encryption"


@pytest.mark.parametrize(
    "data", [b"", b"0", b"5", b"N;", b"a:0:{}", b's:5:"a";', b's:1:"a"', b"\x00"]
)
def test_redis_without_the_outer_string(data):
    assert reason(Codec(Form.PHP_STRING), data) == "outer layer"


def test_a_column_without_any_base64_is_no_empty_session():
    for data in (b"-", b"{}", b"=", b"A", b"\xff"):
        assert reason(Codec(Form.BASE64), data) == "outer layer"
    assert len(Codec(Form.BASE64).loads(b"")) == 0


def test_base64_is_read_as_php_reads_it():
    data = stored(Codec(Form.BASE64))
    assert Codec(Form.BASE64).loads(data[:9] + b"\r\n-" + data[9:].rstrip(b"="))["n"] == 1.5


def test_what_follows_the_outer_string_is_ignored_as_php_does():
    codec = Codec(Form.PHP_STRING)
    assert codec.loads(stored(codec) + b"rest")["n"] == 1.5


@every_codec
def test_too_large_a_value_is_neither_read_nor_written(codec, monkeypatch):
    data = stored(codec)
    monkeypatch.setattr(module, "MAX_PAYLOAD_BYTES", len(data) + 3)
    attributes = codec.loads(data)
    assert len(codec.dumps(attributes)) == len(data)
    attributes["more"] = "x" * 40
    with pytest.raises(FormatError, match="more than"):
        codec.dumps(attributes)
    monkeypatch.setattr(module, "MAX_PAYLOAD_BYTES", len(data) - 1)
    assert reason(codec, data) == "size"


def test_a_value_that_json_cannot_hold_is_refused():
    attributes = Codec(Form.BARE, "json").new()
    attributes["a"] = b"\xff"
    with pytest.raises(FormatError):
        Codec(Form.BARE, "json").dumps(attributes)


def test_an_undecodable_names_the_place_and_the_way_out():
    with pytest.raises(Undecodable) as refusal:
        Codec(Form.BARE).loads(b'a:1:{s:1:"a";x}')
    assert refusal.value.offset == 13
    assert "session.serialization" in refusal.value.hint
    assert refusal.value.expected == "a session"


def test_no_key_is_shown():
    assert "holdfast-test-key" not in repr(Codec(Form.BARE, "php", AES))


TEXTS = st.text(max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXTS,
    lambda inner: st.dictionaries(TEXTS | st.integers(0, 9), inner, max_size=4),
    max_leaves=8,
)


@given(st.sampled_from(CODECS), st.dictionaries(TEXTS, VALUES, max_size=5))
def test_sessions_come_back(codec, values):
    attributes = codec.new()
    attributes.update(values)
    data = codec.dumps(attributes)
    again = codec.loads(data)
    assert list(again) == list(attributes)
    assert again.dumps() == attributes.dumps()
    assert not again.changed()
    if codec.encrypter is None:
        assert codec.dumps(again) == data


@given(st.sampled_from(CODECS), st.binary(max_size=80), st.booleans())
@example(Codec(Form.BASE64, "php", AES), b"MA==", False)
def test_any_bytes_are_a_session_or_undecodable(codec, data, inside):
    data = wrapped(codec, data) if inside else data
    try:
        attributes = codec.loads(data)
    except Undecodable as error:
        refused = error
    else:
        assert codec.loads(codec.dumps(attributes)).dumps() == attributes.dumps()
        return
    assert refused.reason in {"outer layer", "encryption", "serialization", "not an array"}


@given(st.sampled_from(PLAIN), st.data())
def test_a_changed_byte_is_a_session_or_undecodable(codec, data):
    raw = bytearray(stored(codec))
    at = data.draw(st.integers(0, len(raw) - 1))
    raw[at : at + data.draw(st.integers(0, 2))] = data.draw(st.binary(max_size=3))
    try:
        attributes = codec.loads(bytes(raw))
    except Undecodable as error:
        refused = error
    else:
        assert dict(codec.loads(codec.dumps(attributes))) == dict(attributes)
        return
    assert refused.reason in {"outer layer", "serialization"}


@given(st.binary(max_size=40), st.binary(max_size=10))
def test_the_string_layer(data, rest):
    assert from_php_string(php_string(data) + rest) == data
    assert php_string(data) == php.dumps(data)
