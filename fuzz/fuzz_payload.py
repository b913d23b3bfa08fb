"""Stored values in every form: a session or Undecodable, and what was read is written back.

    python fuzz/fuzz_payload.py -max_total_time=600

The first byte chooses form, serialization and encryption, and whether the rest is the stored value
or a payload inside intact layers.
"""

from __future__ import annotations

import base64
import itertools

import atheris
from seeded import start

with atheris.instrument_imports(
    include=["holdfast.laravel.payload", "holdfast.laravel.json_array", "holdfast.laravel.php"]
):
    from holdfast.core.errors import FormatError, Undecodable
    from holdfast.laravel.encrypter import Encrypter
    from holdfast.laravel.payload import Attributes, Codec, Form, php_string

ENCRYPTER = Encrypter("aes-256-gcm", (bytes(32),))
CODECS = [
    Codec(form, serialization, encrypter)
    for form, serialization, encrypter in itertools.product(
        Form, ("php", "json"), (None, ENCRYPTER)
    )
]
REASONS = {"outer layer", "encryption", "serialization", "not an array"}


def wrapped(codec: Codec, payload: bytes) -> bytes:
    """A payload inside the layers of the codec."""
    if codec.encrypter is not None:
        payload = codec.encrypter.encrypt_string(php_string(payload), iv=bytes(12)).encode()
    match codec.form:
        case Form.BARE:
            return payload
        case Form.PHP_STRING:
            return php_string(payload)
        case Form.BASE64:
            return base64.b64encode(payload)


def check(codec: Codec, attributes: Attributes) -> None:
    """What was read is unchanged, comes back, and bears an edit."""
    before = attributes.dumps()
    assert not attributes.changed()
    values = dict(attributes)
    assert not attributes.changed()
    assert attributes.dumps() is before
    again = codec.loads(codec.dumps(attributes))
    assert again.dumps() == before
    assert list(again) == list(values)
    edit(codec, attributes)


def edit(codec: Codec, attributes: Attributes) -> None:
    keys = list(attributes)
    attributes["an edit"] = {"a": [1]}
    if keys and keys[0] != "an edit":
        del attributes[keys[0]]
    try:
        data = codec.dumps(attributes)
    except FormatError:
        # references that cannot be renumbered
        assert codec.serialization == "php"
        return
    again = codec.loads(data)
    assert list(again) == list(attributes)
    assert again.raw("an edit") == attributes.raw("an edit")


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    if not data:
        return
    codec, rest = CODECS[data[0] % len(CODECS)], data[1:]
    stored = wrapped(codec, rest) if data[0] & 128 else rest
    try:
        attributes = codec.loads(stored)
    except Undecodable as error:
        refused = error
    else:
        check(codec, attributes)
        return
    assert refused.reason in REASONS
    assert 0 <= refused.offset <= len(stored)


def main() -> None:
    """Start libFuzzer with sessions in each form."""
    texts = {
        "php": [
            b'a:2:{s:6:"_token";s:2:"tt";s:6:"_flash";a:2:{s:3:"old";a:0:{}s:3:"new";a:0:{}}}',
            b'a:3:{i:0;d:1.5;s:1:"o";O:8:"stdClass":1:{s:1:"p";R:2;}s:1:"r";r:3;}',
            b's:6:"a:0:{}";',
        ],
        "json": [
            b'{"_token":"tt","_flash":{"old":[],"new":[]},"u":"h\\u00e9\\ud83d\\ude00","n":1.5e-7}',
            b'[1,-0,9223372036854775808,{"5":[true,null],"05":"\\/"}]',
            b'"text"',
        ],
    }
    seeds = []
    for number, codec in enumerate(CODECS):
        inside = 128 + (number - 128) % len(CODECS)
        for payload in texts[codec.serialization]:
            seeds.append(bytes([number]) + wrapped(codec, payload))
            seeds.append(bytes([inside]) + payload)
    start(one_input, seeds)


if __name__ == "__main__":
    main()
