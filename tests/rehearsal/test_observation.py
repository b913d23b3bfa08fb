"""What an answer shows of a session: the cookies and payloads are those that real Laravel wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.payload import Codec, Form
from holdfast.rehearsal.observation import (
    MAX_PAGE_BYTES,
    Payload,
    Reader,
    Seen,
    logs_in,
    page_token,
    read_payload,
)

VECTORS = Path(__file__).parents[1] / "vectors"
TOKEN = "DzhniajDrLGGKL9my5tbrmD7KAnL4vbzbVf22rrR"
OTHER = "a" * 40


@pytest.mark.parametrize("version", [8, 12])
def test_every_answer_of_real_laravel_shows_its_session(version):
    index = json.loads((VECTORS / f"drivers-laravel{version}/index.json").read_bytes())
    reader = Reader("laravel_session", Encrypter.from_app_key(index["app_key"], index["cipher"]))
    for run in index["runs"]:
        sent = [cookie["set_cookie"] for cookie in run["cookies"].values()]
        token = run["cookies"]["XSRF-TOKEN"]["decrypted_without_prefix"]
        assert reader.observe(sent, "application/json", b"{}") == Seen(token, run["sid"], True)


def test_without_the_key_or_with_another_the_cookies_say_nothing():
    index = json.loads((VECTORS / "drivers-laravel8/index.json").read_bytes())
    sent = [cookie["set_cookie"] for cookie in index["runs"][0]["cookies"].values()]
    for encrypter in (None, Encrypter.from_app_key("k" * 32)):
        reader = Reader("laravel_session", encrypter)
        assert reader.observe(sent, "text/html", b"") == Seen(None, None, True)


def test_a_session_cookie_of_another_name_is_not_the_sessions():
    encrypter = Encrypter.from_app_key("k" * 32)
    reader = Reader("corner_store_session", encrypter)
    other = f"laravel_session={cookies.seal(encrypter, 'laravel_session', 'a' * 40)}"
    assert reader.observe([other], "", b"") == Seen(None, None, False)
    assert reader.session_id(None) is None
    assert reader.session_id("junk") is None
    assert reader.session_id(cookies.seal(encrypter, "corner_store_session", "not an id")) is None


def test_a_token_cookie_that_the_application_does_not_encrypt_is_read_as_it_stands():
    reader = Reader("s", Encrypter.from_app_key("k" * 32))
    assert reader.observe([f"XSRF-TOKEN={TOKEN}; path=/"], "", b"").token == TOKEN
    assert reader.observe(["XSRF-TOKEN=too short"], "", b"").token is None


def test_the_cookie_comes_before_the_page():
    """A page may have been cached; a cookie is this answer's own."""
    reader = Reader("s")
    page = f'<meta name="csrf-token" content="{OTHER}">'.encode()
    sent = [f"XSRF-TOKEN={TOKEN}"]
    assert reader.observe(sent, "text/html; charset=UTF-8", page).token == TOKEN
    assert reader.observe([], "text/html; charset=UTF-8", page).token == OTHER
    assert reader.observe([], "application/json", page).token is None


@pytest.mark.parametrize(
    "page",
    [
        f'<head><meta name="csrf-token" content="{TOKEN}"></head>',
        f"<META CONTENT='{TOKEN}'\n NAME='CSRF-TOKEN' />",
        f'<form><input type="hidden" name="_token" value="{TOKEN}" autocomplete="off"></form>',
        f"<input value={TOKEN} name=_token>",
        f'<meta name="csrf-token" content="short"><input name="_token" value="{TOKEN}">',
        f'\xff\xfe<meta name="viewport" content="{OTHER}"><meta name=csrf-token content={TOKEN}>',
    ],
)
def test_a_page_shows_its_token(page):
    assert page_token(page.encode("latin-1")) == TOKEN


@pytest.mark.parametrize(
    "page",
    [
        "",
        f'<input name="password" value="{TOKEN}">',
        f'<meta name="csrf-token" value="{TOKEN}">',
        f'<a name="_token" value="{TOKEN}">',
        '<meta name="csrf-token" content>',
        "<meta " * 10_000,
        f'<meta name="csrf-token" {"x" * 3000} content="{TOKEN}">',
        " " * MAX_PAGE_BYTES + f'<meta name="csrf-token" content="{TOKEN}">',
    ],
)
def test_a_page_without_a_token_shows_none(page):
    assert page_token(page.encode()) is None


@pytest.mark.parametrize("version", [8, 12])
@pytest.mark.parametrize("kind", ["redis", "redis-encrypted"])
def test_a_payload_of_real_laravel_tells_token_and_login(version, kind):
    directory = VECTORS / f"drivers-laravel{version}"
    index = json.loads((directory / "index.json").read_bytes())
    run = next(run for run in index["runs"] if run["name"] == kind)
    encrypter = Encrypter.from_app_key(index["app_key"], index["cipher"])
    codec = Codec(Form.PHP_STRING, "php", encrypter if "encrypted" in kind else None)
    (stored,) = directory.glob(f"{kind}.redis.*")
    token = run["cookies"]["XSRF-TOKEN"]["decrypted_without_prefix"]
    assert read_payload(codec, stored.read_bytes()) == Payload(token, logged_in=True)


def test_a_payload_of_a_guest_and_one_that_is_none():
    codec = Codec(Form.BARE)
    guest = f'a:2:{{s:6:"_token";s:40:"{TOKEN}";s:9:"login_tip";i:1;}}'.encode()
    assert read_payload(codec, guest) == Payload(TOKEN, logged_in=False)
    assert read_payload(codec, b"a:0:{}") == Payload(None, logged_in=False)
    assert read_payload(codec, b'a:1:{s:6:"_token";i:5;}') == Payload(None, logged_in=False)
    assert read_payload(codec, b"junk") is None


def test_nothing_prints_a_token_or_an_id():
    seen = Seen(TOKEN, OTHER, set_cookie=True)
    assert TOKEN not in repr(seen)
    assert OTHER not in repr(seen)
    assert TOKEN not in repr(Payload(TOKEN, logged_in=True))


@pytest.mark.parametrize(
    ("before", "seen", "payload", "taken"),
    [
        (Seen(TOKEN, "1" * 40, True), Seen(TOKEN, "2" * 40, True), None, True),
        (Seen(TOKEN, "1" * 40, True), Seen(OTHER, "1" * 40, True), None, False),
        (Seen(TOKEN, "1" * 40, True), Seen(OTHER, "1" * 40, True), Payload(OTHER, True), True),
        (Seen(TOKEN, "1" * 40, True), Seen(OTHER, "2" * 40, True), Payload(OTHER, False), True),
        (Seen(TOKEN, None, True), Seen(OTHER, None, True), None, True),
        (Seen(TOKEN, None, True), Seen(TOKEN, None, True), None, False),
        (Seen(TOKEN, None, True), Seen(None, None, True), None, None),
        (Seen(None, None, False), Seen(OTHER, None, True), None, False),
    ],
)
def test_a_login_gives_the_session_another_id_or_without_the_key_another_token(
    before, seen, payload, taken
):
    assert logs_in(before, seen, payload) is taken
