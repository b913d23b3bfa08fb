"""Envelopes: only DecryptError comes out, and nothing opens but what was sealed.

    python fuzz/fuzz_encrypter.py -max_total_time=600

The first byte chooses the cipher, the rest is an envelope, the JSON inside one, a plaintext, a key.
"""

from __future__ import annotations

import base64

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.laravel.encrypter"]):
    from holdfast.core.errors import DecryptError
    from holdfast.laravel.keys import KEY_BYTES, parse_key
from holdfast.laravel.encrypter import Encrypter

PLAINTEXT = b"held fast"
IVS = {"cbc": bytes(range(16)), "gcm": bytes(range(12))}
OLD = [Encrypter(cipher, (bytes(range(size)),)) for cipher, size in KEY_BYTES.items()]
ROTATED = [Encrypter(old.cipher, (old.keys[0][::-1], *old.keys)) for old in OLD]
ENVELOPES = [old.encrypt_string(PLAINTEXT, iv=IVS[old.cipher[-3:]]).encode() for old in OLD]


def opened(encrypter: Encrypter, envelope: bytes) -> bytes | None:
    try:
        found = encrypter.open(envelope)
    except DecryptError:
        return None
    assert found.key_index == len(encrypter.keys) - 1
    return found.plaintext


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    if not data:
        return
    number, rest = data[0] % len(OLD), data[1:]
    old, rotated = OLD[number], ROTATED[number]
    for envelope in (rest, base64.b64encode(rest)):
        plaintext = opened(old, envelope)
        # a mutation cannot be authentic, so what opens is the seed
        assert plaintext in (None, PLAINTEXT)
        assert opened(rotated, envelope) == plaintext
        assert opened(old, b"\n" + envelope.rstrip(b"=")) == plaintext
    sealed = old.encrypt_string(rest, iv=IVS[old.cipher[-3:]])
    assert opened(old, sealed.encode()) == rest
    text = rest.decode("utf-8", "surrogateescape")
    key = parse_key(text)
    assert key == rest or text.startswith("base64:")


def main() -> None:
    """Start libFuzzer with sealed envelopes."""
    seeds = []
    for number, envelope in enumerate(ENVELOPES):
        seeds += [bytes([number]) + envelope, bytes([number]) + base64.b64decode(envelope)]
    seeds += [b"\x00base64:" + base64.b64encode(bytes(32)), b"\x00"]
    start(one_input, seeds)


if __name__ == "__main__":
    main()
