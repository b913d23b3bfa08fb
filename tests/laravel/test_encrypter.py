"""The encrypter against envelopes that Laravel 8, 10 and 12 wrote, and against Laravel itself."""

from __future__ import annotations

import base64
import hmac
import json
import random

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import assume, given
from hypothesis import strategies as st

from holdfast.core.errors import DecryptError, FormatError, UsageError
from holdfast.laravel import encrypter as module
from holdfast.laravel import php
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.keys import KEY_BYTES, parse_key
from holdfast.laravel.php_base64 import base64_decode

CIPHERS = list(KEY_BYTES)
KEYS = {cipher: bytes(range(65, 65 + size)) for cipher, size in KEY_BYTES.items()}
OTHERS = {cipher: key[::-1] for cipher, key in KEYS.items()}
AES = {cipher: Encrypter(cipher, (key,)) for cipher, key in KEYS.items()}


def of(entry, *previous_b64) -> Encrypter:
    """The encrypter of a vector."""
    if "app_key" in entry:
        return Encrypter.from_app_key(entry["app_key"], entry["cipher"])
    previous = ["base64:" + text for text in previous_b64]
    return Encrypter.from_app_key("base64:" + entry["key_b64"], entry["cipher"], previous)


def members(envelope) -> dict[str, str]:
    return json.loads(base64.b64decode(envelope))


def packed(value) -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.b64encode(text)


def iv_of(envelope) -> bytes:
    return base64.b64decode(members(envelope)["iv"])


def plaintext_of(entry) -> bytes:
    plain = entry["plaintext"]
    return plain["utf8"].encode() if "utf8" in plain else base64.b64decode(plain["b64"])


@pytest.fixture(scope="module")
def sealed(golden):
    """Every envelope of the vectors: the entry, its plaintext, and whether it was serialized."""
    found = [
        (entry, plaintext_of(entry), entry["serialize"])
        for version in (8, 12)
        for entry in golden(f"encrypter-laravel{version}.json")["vectors"]
    ]
    for version in golden("formats-laravel-8-10-12.json")["versions"]:
        for entry in version["encrypter"]:
            plain = entry["plain_serialized_b64" if entry["serialized"] else "plain_b64"]
            found.append((entry, base64.b64decode(plain), entry["serialized"]))
    assert len(found) == 2 * 92 + 3 * 28
    return found


def test_every_vector_is_sealed_byte_for_byte(sealed):
    for entry, plaintext, serialized in sealed:
        encrypter, iv = of(entry), iv_of(entry["payload"])
        assert encrypter.encrypt_string(plaintext, iv=iv) == entry["payload"]
        if serialized:
            assert encrypter.encrypt(php.loads(plaintext), iv=iv) == entry["payload"]


def test_every_vector_opens(sealed):
    for entry, plaintext, serialized in sealed:
        encrypter = of(entry)
        opened = encrypter.open(entry["payload"])
        assert (opened.plaintext, opened.key_index) == (plaintext, 0)
        assert encrypter.decrypt_string(entry["payload"].encode()) == plaintext
        if serialized:
            assert php.dumps(encrypter.decrypt(entry["payload"])) == plaintext


def test_odd_envelopes_get_laravels_verdict(golden):
    """Laravel 12 refuses a value that is no string cleanly, Laravel 8 by a TypeError: no matter."""
    refused = 0
    for version in (8, 12):
        for entry in golden(f"encrypter-laravel{version}.json")["refused"]:
            encrypter = of(entry)
            if entry["ok"]:
                assert encrypter.decrypt(entry["payload"]) == entry["value"], entry["case"]
                continue
            refused += 1
            with pytest.raises(DecryptError):
                encrypter.decrypt(entry["payload"])
            with pytest.raises(DecryptError):
                encrypter.decrypt_string(entry["payload"])
    assert refused == 2 * 4 * 14


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("not base64", "not base64 of JSON"),
        ("iv short", "wrong iv"),
        ("mac flipped", "MAC is invalid"),
        ("tag flipped", "the cipher takes none"),
        ("other key", "another key"),
    ],
)
def test_a_refusal_says_why(golden, case, message):
    entries = golden("encrypter-laravel12.json")["refused"]
    entry = next(e for e in entries if e["case"] == case and e["cipher"] == "AES-256-CBC")
    with pytest.raises(DecryptError, match=message):
        of(entry).decrypt(entry["payload"])


def test_the_constructor_takes_what_laravels_takes(golden):
    for cipher, size, verdict in golden("encrypter-laravel12.json")["constructor"]:
        key = "base64:" + base64.b64encode(b"k" * size).decode()
        if verdict == "ok":
            assert Encrypter.from_app_key(key, cipher).cipher == cipher.lower()
        else:
            with pytest.raises(UsageError):
                Encrypter.from_app_key(key, cipher)


def test_previous_keys_of_the_vectors(golden):
    for entry in golden("encrypter-laravel12.json")["previous_keys"]:
        opened = of(entry, *entry["previous_keys_b64"]).open(entry["payload"])
        assert (php.loads(opened.plaintext), opened.key_index) == (entry["value"], 1)
        with pytest.raises(DecryptError, match="another key"):
            of(entry).open(entry["payload"])


@pytest.mark.parametrize("cipher", CIPHERS)
def test_it_tells_which_key_opened(cipher):
    size = KEY_BYTES[cipher]
    texts = [letter * size for letter in "abc"]
    sealed = [Encrypter.from_app_key(text, cipher).encrypt_string("x") for text in texts]
    rotated = Encrypter.from_app_key(texts[0], cipher, texts[1:])
    assert [rotated.open(envelope).key_index for envelope in sealed] == [0, 1, 2]
    # the current key alone seals
    with pytest.raises(DecryptError):
        Encrypter(cipher, rotated.keys[1:]).open(rotated.encrypt_string("x"))


def test_the_first_of_two_equal_keys_counts():
    again = Encrypter("aes-256-cbc", (KEYS["aes-256-cbc"],) * 2)
    assert again.open(again.encrypt_string("x")).key_index == 0


def test_macs_are_compared_in_constant_time(monkeypatch):
    """Every key's MAC is compared, by the function made for it, whichever key fits."""
    rotated = Encrypter("aes-256-cbc", tuple(bytes([letter]) * 32 for letter in b"abc"))
    sealed = [Encrypter("aes-256-cbc", (key,)).encrypt_string("x") for key in rotated.keys]
    compared = []
    real = hmac.compare_digest
    monkeypatch.setattr(
        hmac, "compare_digest", lambda ours, given: compared.append(given) or real(ours, given)
    )
    for envelope in sealed:
        rotated.open(envelope)
    monkeypatch.undo()
    assert compared == [members(envelope)["mac"].encode() for envelope in sealed for _ in range(3)]


def test_each_envelope_has_an_iv_of_its_own():
    for aes in AES.values():
        assert len({iv_of(aes.encrypt_string("x")) for _ in range(50)}) == 50


@pytest.mark.parametrize("cipher", CIPHERS)
def test_key_forms(cipher):
    raw = KEYS[cipher]
    text = base64.b64encode(raw).decode()
    sealed = AES[cipher].encrypt_string("x")
    lenient = text.rstrip("=") + "\n"
    for key in ("base64:" + text, raw.decode(), "base64:" + lenient):
        assert Encrypter.from_app_key(key, cipher.upper()).decrypt_string(sealed) == b"x"


def test_a_raw_key_of_any_bytes_comes_through_the_environment():
    raw = bytes(range(200, 232))
    assert parse_key(raw.decode("utf-8", "surrogateescape")) == raw


SECRET = "correct-horse-battery-staple"


@pytest.mark.parametrize(
    ("key", "cipher", "previous", "message"),
    [
        ("", "AES-256-CBC", (), "APP_KEY has 0 bytes, aes-256-cbc needs 32"),
        (SECRET, "AES-256-CBC", (), "APP_KEY has 28 bytes"),
        ("base64:" + SECRET, "AES-128-GCM", (), "APP_KEY has 18 bytes, aes-128-gcm needs 16"),
        ("k" * 32, "AES-256-CBC", ("k" * 32, SECRET), "previous key 2 has 28 bytes"),
        # a blank after the comma of APP_PREVIOUS_KEYS hides the prefix; Laravel does not start
        ("k" * 16, "AES-128-CBC", (" base64:" + SECRET,), "previous key 1 has 36 bytes"),
        ("k" * 32, "DES", (), "unsupported cipher 'DES'"),
        ("\ud800" + SECRET, "AES-256-CBC", (), "a key is not text"),
    ],
)
def test_a_key_that_does_not_fit_is_refused_and_not_shown(key, cipher, previous, message):
    with pytest.raises(UsageError, match=message) as refusal:
        Encrypter.from_app_key(key, cipher, previous)
    error = refusal.value
    assert error.hint
    assert SECRET not in f"{error} {error.hint} {error.__cause__!r} {error.__context__!r}"


def test_neither_keys_nor_plaintext_are_shown():
    encrypter = Encrypter.from_app_key(SECRET + "1234")
    assert SECRET not in repr(encrypter)
    assert SECRET not in repr(encrypter.open(encrypter.encrypt_string(SECRET)))


def test_a_plaintext_that_is_not_serialized_is_no_value():
    encrypter = AES["aes-256-cbc"]
    with pytest.raises(FormatError):
        encrypter.decrypt(encrypter.encrypt_string("plain"))


def test_a_huge_envelope_is_refused_unread(monkeypatch):
    monkeypatch.setattr(module, "MAX_ENVELOPE_BYTES", 100)
    with pytest.raises(DecryptError, match="more than 100 bytes"):
        AES["aes-256-cbc"].open("A" * 101)


def test_members_that_nobody_asks_for_may_be_deep_but_not_endless():
    aes = AES["aes-256-cbc"]
    text = json.dumps(members(aes.encrypt_string("x")))[:-1].encode()
    assert aes.decrypt_string(packed(text + b',"x":' + b"[" * 500 + b"]" * 500 + b"}")) == b"x"
    with pytest.raises(DecryptError):
        aes.open(packed(text + b',"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}"))


PLAINTEXTS = st.binary(max_size=70) | st.binary(min_size=4000, max_size=4020)


@given(st.sampled_from(CIPHERS), PLAINTEXTS)
def test_what_is_sealed_opens(cipher, plaintext):
    aes = AES[cipher]
    assert aes.decrypt_string(aes.encrypt_string(plaintext)) == plaintext
    stranger = Encrypter(cipher, (OTHERS[cipher], KEYS[cipher]))
    assert stranger.open(aes.encrypt_string(plaintext)).key_index == 1


@given(st.text() | st.integers(-(2**63), 2**63 - 1) | st.lists(st.text(), max_size=3))
def test_values_come_back(value):
    again = AES["aes-256-gcm"].decrypt(AES["aes-256-gcm"].encrypt(value))
    assert again == (dict(enumerate(value)) if isinstance(value, list) else value)


@given(st.sampled_from(CIPHERS), st.binary(max_size=40), st.data())
def test_a_changed_byte_is_refused_or_means_nothing(cipher, plaintext, data):
    sealed = AES[cipher].encrypt_string(plaintext).encode()
    inner = data.draw(st.booleans())
    text = bytearray(base64.b64decode(sealed) if inner else sealed)
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(0, 255))
    assume(text[at] != byte)
    text[at] = byte
    try:
        opened = AES[cipher].open(base64.b64encode(text) if inner else bytes(text))
    except DecryptError:
        return
    assert opened.plaintext == plaintext


@given(st.sampled_from(CIPHERS), st.binary(max_size=200) | st.text(max_size=100))
def test_anything_else_is_refused(cipher, envelope):
    with pytest.raises(DecryptError):
        AES[cipher].open(envelope)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys(("iv", "value", "mac", "tag", "x"), JSON))


@given(st.sampled_from(CIPHERS), FIELDS | JSON)
def test_any_other_json_is_refused(cipher, value):
    with pytest.raises(DecryptError):
        AES[cipher].open(packed(value))


@given(st.binary(max_size=40), st.binary(max_size=9), st.integers(0, 3))
def test_base64_is_read_as_php_reads_it(data, noise, padding):
    foreign = bytes(byte for byte in noise if not (chr(byte).isalnum() or byte in b"+/"))
    letters = base64.b64encode(data).rstrip(b"=")
    at = len(letters) // 2
    assert base64_decode(letters[:at] + foreign + letters[at:] + b"=" * padding) == data


def twisted(draw: random.Random, envelope: str) -> bytes:
    """The envelope with something odd in it, still base64 of nearly JSON."""
    value = members(envelope)
    name = draw.choice(["iv", "value", "mac", "tag"])
    text = value[name]
    at = draw.randint(0, len(text))
    value[name] = draw.choice(
        [
            text[:at] + draw.choice(" \n\t\r\f\v!-_=.\u00a0é0A") + text[at:],
            text[:at],
            text.rstrip("="),
            text.rstrip("=") + draw.choice(["=", " =", "= =", "==", "===", "====", "=\n=", "=A"]),
            text.upper(),
            text + "A",
            "",
            "0",
            "AAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            None,
        ]
    )
    if draw.random() < 0.1:
        value["extra"] = draw.choice([[], {"iv": 1}, 1.5, "x", None])
    if draw.random() < 0.1:
        del value[draw.choice(list(value))]
    raw = json.dumps(value, ensure_ascii=draw.random() < 0.5).encode()
    if draw.random() < 0.3:
        at = draw.randrange(len(raw))
        raw = raw[:at] + draw.choice([b" ", b"\xff", b"\\", b'"', b",", b"0"]) + raw[at + 1 :]
    return packed(raw)


def twisted_envelopes():
    draw = random.Random(1)
    for number in range(4000):
        cipher = CIPHERS[number % 4]
        iv = draw.randbytes(16 if cipher.endswith("cbc") else 12)
        sealed = AES[cipher].encrypt_string(draw.randbytes(draw.randint(0, 20)), iv=iv)
        yield cipher, twisted(draw, sealed)


def cbc_of_key_holders():
    """Envelopes with a right MAC over odd paddings and odd texts of the iv."""
    key = KEYS["aes-256-cbc"]
    ends = [
        bytes([last]) * count for last in (0, 1, 2, 15, 16, 17, 255) for count in (1, 2, 16, 17)
    ]
    for padded in [(b"p" * 32 + end)[-32:] for end in ends] + [b""]:
        encryptor = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor()
        sealed = encryptor.update(padded)
        for iv in ("A" * 22 + "==", "A" * 22, "A" * 22 + "= =\n", "A" * 11 + " " + "A" * 11):
            value = base64.b64encode(sealed[: len(padded)]).decode()
            for text in (value, value[:-4], value[:-2], value + "!"):
                mac = hmac.new(key, (iv + text).encode(), "sha256").hexdigest()
                yield "aes-256-cbc", packed({"iv": iv, "value": text, "mac": mac})


def gcm_of_key_holders():
    """Envelopes with odd texts of the iv, and with bytes moved between value and tag."""
    parts = members(AES["aes-256-gcm"].encrypt_string("some plaintext", iv=bytes(12)))
    for char in " \t\r\n\f\v\x1c\u00a0=-é":
        for iv in (parts["iv"] + char, char + parts["iv"], parts["iv"] + char * 4):
            yield "aes-256-gcm", packed(parts | {"iv": iv})
    value, tag = (base64.b64decode(parts[name]) for name in ("value", "tag"))
    for at in range(len(value) - 4, len(value) + 5):
        moved = ((value + tag)[:at], (value + tag)[at:])
        texts = [base64.b64encode(data).decode() for data in moved]
        yield "aes-256-gcm", packed(parts | {"value": texts[0], "tag": texts[1]})


def our_envelopes():
    draw = random.Random(2)
    for number in range(800):
        cipher = CIPHERS[number % 4]
        yield cipher, AES[cipher].encrypt_string(draw.randbytes(draw.randint(0, 100))).encode()


def plaintexts():
    draw = random.Random(3)
    for number in range(200):
        yield CIPHERS[number % 4], draw.randbytes(draw.randint(0, 100))


@pytest.fixture(scope="module")
def laravel(ask_laravel):
    """What the Laravel here makes of each group: (cipher, what it was given, its answer)."""
    groups = {
        "twisted": ("payload", list(twisted_envelopes())),
        "authentic": ("payload", [*cbc_of_key_holders(), *gcm_of_key_holders()]),
        "ours": ("payload", list(our_envelopes())),
        "theirs": ("plain", list(plaintexts())),
    }
    requests = [
        {
            "cipher": cipher.upper(),
            "key": base64.b64encode(KEYS[cipher]).decode(),
            field: base64.b64encode(data).decode(),
        }
        for field, group in groups.values()
        for cipher, data in group
    ]
    answers = iter(ask_laravel("encrypter.php", requests))
    return {
        name: [(cipher, data, next(answers)) for cipher, data in group]
        for name, (_, group) in groups.items()
    }


def opened_by_both(judged) -> int:
    """Ours against Laravel's verdict on each envelope; how many both opened."""
    accepted = 0
    for cipher, envelope, answer in judged:
        try:
            opened = AES[cipher].decrypt_string(envelope)
        except DecryptError:
            opened = None
        theirs = base64.b64decode(answer["value"]) if answer["ok"] else None
        assert opened == theirs, (cipher, base64.b64decode(envelope), answer)
        accepted += theirs is not None
    return accepted


def test_twisted_envelopes_get_the_verdict_of_the_laravel_here(laravel):
    assert 400 < opened_by_both(laravel["twisted"]) < 3600


def test_authentic_envelopes_get_the_verdict_of_the_laravel_here(laravel):
    judged = laravel["authentic"]
    assert 40 < opened_by_both(judged) < len(judged) - 40


def test_the_laravel_here_opens_what_we_seal(laravel):
    assert opened_by_both(laravel["ours"]) == len(laravel["ours"])


def test_we_open_what_the_laravel_here_seals(laravel):
    for cipher, plaintext, answer in laravel["theirs"]:
        assert AES[cipher].decrypt_string(answer["payload"]) == plaintext
