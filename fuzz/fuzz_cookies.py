"""Cookies: whatever comes in a header is a cookie of ours or None; what goes out is one line.

    python fuzz/fuzz_cookies.py -max_total_time=600

The first byte chooses the cipher, the rest is a header's value, a plaintext, or a name and value.
"""

from __future__ import annotations

from http.cookies import SimpleCookie
from urllib.parse import unquote

import atheris
from seeded import start

with atheris.instrument_imports(include=["holdfast.laravel.cookies", "holdfast.laravel.encrypter"]):
    from holdfast.laravel import cookies
    from holdfast.laravel.keys import KEY_BYTES
from holdfast.laravel.encrypter import Encrypter

NAME = "laravel_session"
VALUE = "a" * 40
IVS = {"cbc": bytes(range(16)), "gcm": bytes(range(12))}
ENCRYPTERS = [Encrypter(cipher, (bytes(range(size)),)) for cipher, size in KEY_BYTES.items()]
SEALED = [cookies.seal(aes, NAME, VALUE, iv=IVS[aes.cipher[-3:]]) for aes in ENCRYPTERS]


def check_incoming(encrypter: Encrypter, data: bytes) -> None:
    """Whatever the header holds, as servers hand it over: Latin-1, or UTF-8 with its errors."""
    for text in (data.decode("latin-1"), data.decode("utf-8", "surrogateescape")):
        found = cookies.open(encrypter, NAME, text)
        assert found in (None, cookies.OpenedCookie(VALUE, 0))
        other = cookies.open(encrypter, "XSRF-TOKEN", text)
        assert other is None


def check_plaintext(encrypter: Encrypter, data: bytes) -> None:
    """Authentic, but is it a cookie of this name?"""
    key = encrypter.keys[0]
    envelope = encrypter.encrypt_string(data, iv=IVS[encrypter.cipher[-3:]])
    found = cookies.open(encrypter, NAME, envelope)
    ours = data.startswith(cookies.prefix(NAME, key).encode())
    assert found is None or ours
    if found is not None:
        assert found.value.encode() == data[cookies.PREFIX_LENGTH :]


def check_outgoing(encrypter: Encrypter, text: str) -> None:
    """A name and a value, sealed, printed, and read again."""
    name, _, value = text.partition("=")
    sealed = cookies.seal(encrypter, name, value, iv=IVS[encrypter.cipher[-3:]])
    header = cookies.set_cookie(name, sealed, now=0, lifetime=60)
    pair, _, attributes = header.partition("; ")
    assert attributes.startswith("expires=Thu, 01 Jan 1970 00:01:00 GMT; Max-Age=60; path=/")
    assert not set("\r\n;,") & set(pair)
    wire = pair.partition("=")[2]
    assert unquote(wire) == sealed
    if len(wire) <= cookies.MAX_COOKIE_BYTES:
        assert cookies.open(encrypter, name, wire) == cookies.OpenedCookie(value, 0)
    if name.isascii() and name.isalnum():
        assert SimpleCookie(header)[name].value == wire


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    if not data:
        return
    encrypter, rest = ENCRYPTERS[data[0] % len(ENCRYPTERS)], data[1:]
    check_incoming(encrypter, rest)
    check_plaintext(encrypter, rest)
    check_outgoing(encrypter, rest.decode("utf-8", "replace"))


def main() -> None:
    """Start libFuzzer with sealed cookies, escaped and not, and with a plaintext."""
    seeds = []
    for number, sealed in enumerate(SEALED):
        prefix = cookies.prefix(NAME, ENCRYPTERS[number].keys[0])
        texts = (sealed, cookies.to_wire(sealed), prefix + VALUE, "name=value")
        seeds += [bytes([number]) + text.encode() for text in texts]
    start(one_input, seeds)


if __name__ == "__main__":
    main()
