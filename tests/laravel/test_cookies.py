"""Cookies as Laravel seals them and Symfony prints them."""

from __future__ import annotations

import base64
import json
import random
import re
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.keys import KEY_BYTES

CIPHERS = list(KEY_BYTES)
AES = {cipher: Encrypter(cipher, (bytes(range(65, 65 + n)),)) for cipher, n in KEY_BYTES.items()}
CBC = AES["aes-256-cbc"]
NAMES = st.text(min_size=1, max_size=20)


@pytest.fixture(scope="module")
def sealed(golden):
    """Every sealed cookie of the vectors: encrypter, name, value, prefix, envelope, wire text."""
    found = [
        (
            Encrypter.from_app_key("base64:" + entry["key_b64"], entry["cipher"]),
            *(entry[key] for key in ("name", "value", "prefix", "cookie_value_raw")),
            entry["cookie_value_on_the_wire"],
        )
        for version in (8, 12)
        for entry in golden(f"encrypter-laravel{version}.json")["cookies"]
    ]
    found += [
        (
            Encrypter.from_app_key(entry["app_key"]),
            *(entry[key] for key in ("name", "value", "prefix", "cookie_value")),
            entry["set_cookie_encoded"],
        )
        for version in golden("formats-laravel-8-10-12.json")["versions"]
        for entry in version["cookies"]
    ]
    assert len(found) == 2 * 20 + 3 * 5
    return found


def iv_of(envelope) -> bytes:
    return base64.b64decode(json.loads(base64.b64decode(envelope))["iv"])


def test_every_vector_is_sealed_byte_for_byte(sealed):
    for encrypter, name, value, prefix, envelope, wire in sealed:
        assert cookies.prefix(name, encrypter.keys[0]) == prefix
        assert len(prefix) == cookies.PREFIX_LENGTH
        assert cookies.seal(encrypter, name, value, iv=iv_of(envelope)) == envelope
        assert cookies.to_wire(envelope) == wire


def test_every_vector_opens_escaped_or_not(sealed):
    for encrypter, name, value, _, envelope, wire in sealed:
        expected = cookies.OpenedCookie(value, 0)
        assert cookies.open(encrypter, name, wire) == expected
        assert cookies.open(encrypter, name, envelope) == expected


def test_every_set_cookie_header_of_the_drivers(golden):
    """What real Laravel sent: opened, and printed again character for character."""
    printed = dropped = 0
    for version in (8, 12):
        index = golden(f"drivers-laravel{version}/index.json")
        encrypter = Encrypter.from_app_key(index["app_key"], index["cipher"])
        headers = [(name, c) for run in index["runs"] for name, c in run["cookies"].items()]
        for name, cookie in headers:
            header = cookie["set_cookie"]
            wire = header[len(name) + 1 :].partition(";")[0]
            opened = cookies.open(encrypter, name, wire)
            if "Max-Age=0;" in header:
                # the cookie driver ends a session by an empty value
                assert opened == cookies.OpenedCookie("", 0)
                dropped += 1
                continue
            assert opened == cookies.OpenedCookie(cookie["decrypted_without_prefix"], 0)
            again = cookies.set_cookie(
                name,
                cookies.seal(encrypter, name, opened.value, iv=iv_of(unquote(wire))),
                now=expiry(header) - 7200,
                lifetime=7200,
                http_only="httponly" in header,
            )
            assert again == without_dashes(header)
            printed += 1
    assert (printed, dropped) == (2 * (18 * 2 + 2), 4)


def expiry(header) -> int:
    text = re.search("expires=([^;]+)", without_dashes(header))[1]
    return int(parsedate_to_datetime(text).timestamp())


def without_dashes(header) -> str:
    """The header of Laravel 8 with the date of Laravel 9."""
    return re.sub(r"(expires=\w+, \d\d)-(\w+)-", r"\1 \2 ", header)


def test_a_cookie_of_another_name_is_refused():
    sealed = cookies.seal(CBC, "laravel_session", "a" * 40)
    assert cookies.open(CBC, "laravel_session", sealed).value == "a" * 40
    for name in ("laravel_sessions", "Laravel_session", "laravel-session", ""):
        assert cookies.open(CBC, name, sealed) is None


def test_a_cookie_without_a_prefix_is_refused():
    for plain in ("", "a" * 40, "a" * 41, cookies.prefix("x", CBC.keys[0])[:-1]):
        assert cookies.open(CBC, "x", CBC.encrypt_string(plain)) is None


def test_a_cookie_of_another_application_is_refused():
    other = Encrypter("aes-256-cbc", (b"k" * 32,))
    assert cookies.open(other, "x", cookies.seal(CBC, "x", "value")) is None


def test_previous_keys_open_and_the_current_one_seals():
    old = cookies.seal(CBC, "x", "value")
    rotated = Encrypter("aes-256-cbc", (b"k" * 32, b"l" * 32, *CBC.keys))
    assert cookies.open(rotated, "x", old) == cookies.OpenedCookie("value", 2)
    assert cookies.open(CBC, "x", cookies.seal(rotated, "x", "value")) is None


def test_the_prefix_may_be_of_another_key_than_the_envelope():
    """Laravel 11 and later try every key for the prefix, whichever decrypted the rest."""
    rotated = Encrypter("aes-256-cbc", (b"k" * 32, *CBC.keys))
    mixed = CBC.encrypt_string(cookies.prefix("x", rotated.keys[0]) + "value")
    assert cookies.open(rotated, "x", mixed) == cookies.OpenedCookie("value", 1)


def test_a_long_cookie_is_not_opened():
    longest = "a" * 6000
    assert cookies.open(CBC, "x", cookies.seal(CBC, "x", longest)).value == longest
    sealed = cookies.seal(CBC, "x", "a" * 10_000)
    assert len(sealed) > cookies.MAX_COOKIE_BYTES
    assert cookies.open(CBC, "x", sealed) is None


def test_a_value_that_is_not_utf8_is_none():
    prefix = cookies.prefix("x", CBC.keys[0]).encode()
    assert cookies.open(CBC, "x", CBC.encrypt_string(prefix + b"\xff")) is None


def test_the_value_is_not_shown():
    assert "secret" not in repr(cookies.open(CBC, "x", cookies.seal(CBC, "x", "secret")))


@given(st.sampled_from(CIPHERS), NAMES, st.text(max_size=60), st.booleans())
def test_what_is_sealed_opens(cipher, name, value, escaped):
    sealed = cookies.seal(AES[cipher], name, value)
    wire = cookies.to_wire(sealed) if escaped else sealed
    assert cookies.open(AES[cipher], name, wire) == cookies.OpenedCookie(value, 0)


@given(NAMES, NAMES)
def test_no_name_opens_anothers_cookie(name, other):
    assume(name != other)
    assert cookies.open(CBC, other, cookies.seal(CBC, name, "value")) is None


@given(st.sampled_from(CIPHERS), st.text(max_size=200, alphabet=st.characters()))
@example("aes-256-cbc", "\ud800")
def test_anything_else_is_none(cipher, wire):
    assert cookies.open(AES[cipher], "x", wire) is None


@given(st.sampled_from(CIPHERS), st.binary(max_size=80))
def test_any_other_plaintext_is_none(cipher, plaintext):
    assert cookies.open(AES[cipher], "x", AES[cipher].encrypt_string(plaintext)) is None


def test_headers_are_printed_as_symfony_prints_them(ask_laravel):
    draw = random.Random(1)
    requests, ours = [], []
    for _ in range(400):
        request = {
            "name": draw.choice(
                ["laravel_session", "XSRF-TOKEN", "a b=c,d;e\tf\r\n\v\f", "ü.é[0]"]
            ),
            "value": "".join(
                draw.choices("aZ09-_.~+/=% ;,\"'!*()@:$&ü€😀\n", k=draw.randint(1, 30))
            ),
            "now": 4_000_000_000,
            "lifetime": draw.choice([None, 60, 7200, draw.randint(1, 10**9)]),
            "path": draw.choice(["/", "", "/app", "/a b"]),
            "domain": draw.choice([None, "", ".example.com"]),
            "secure": draw.choice([True, False]),
            "httpOnly": draw.choice([True, False]),
            "sameSite": draw.choice(["lax", "strict", "none", None]),
        }
        requests.append(request)
        ours.append(
            cookies.set_cookie(
                request["name"],
                request["value"],
                now=request["now"],
                lifetime=request["lifetime"],
                path=request["path"],
                domain=request["domain"],
                secure=request["secure"],
                http_only=request["httpOnly"],
                same_site=request["sameSite"],
            )
        )
    for header, answer in zip(ours, ask_laravel("cookies.php", requests), strict=True):
        # Symfony counts Max-Age from its own clock, which stands before `now`
        theirs = without_dashes(answer["header"])
        assert without_age(header) == without_age(theirs)
        assert ("Max-Age=" in header) == ("Max-Age=" in theirs)
        assert "\n" not in header


def without_age(header) -> str:
    return re.sub(r"Max-Age=\d+", "Max-Age", header)


def test_max_age_is_the_lifetime():
    header = cookies.set_cookie("x", "y", now=0, lifetime=7200)
    assert header == (
        "x=y; expires=Thu, 01 Jan 1970 02:00:00 GMT; Max-Age=7200; path=/; httponly; samesite=lax"
    )


def test_partitioned_comes_last():
    """As Symfony 6.4 and later, which Laravel 10.35 needs for it, print it."""
    header = cookies.set_cookie("x", "y", now=0, lifetime=None, secure=True, partitioned=True)
    assert header == "x=y; path=/; secure; httponly; samesite=lax; partitioned"
