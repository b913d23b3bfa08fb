"""Store and codec by URL: where the key comes from, and that it is never part of the URL."""

from __future__ import annotations

import importlib.util
import sqlite3
import time
from contextlib import closing

import pytest

from holdfast.core.errors import (
    EnvironmentLacking,
    StoreMisconfigured,
    Undecodable,
    UsageError,
)
from holdfast.laravel.payload import Form
from holdfast.servers.ports import LOOPBACK
from holdfast.servers.redis import redis_server
from holdfast.stores import open as opening
from holdfast.stores.contract import Commit, Find, Saved
from holdfast.stores.open import create_table
from holdfast.testing import new_sid

KEY = "base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
OLD_KEY = "base64:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA="
ENV = {"APP_KEY": KEY, "OLD": OLD_KEY, "EMPTY": ""}


def open_store(url):
    return opening.open(url, env=ENV)


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("memory:", Form.BARE),
        ("file:///dir", Form.BARE),
        ("redis://h/0", Form.PHP_STRING),
        ("rediss://h/0", Form.PHP_STRING),
        ("sqlite:///file", Form.BASE64),
        ("postgresql://u@h/d", Form.BASE64),
        ("mysql://u@h/d", Form.BASE64),
        ("mariadb://u@h/d", Form.BASE64),
    ],
)
def test_the_codec_has_the_store_s_form(url, form):
    opened = open_store(url)
    assert opened.store.form is form
    assert (opened.codec.form, opened.codec.serialization) == (form, "php")
    assert opened.codec.encrypter is None


@pytest.mark.parametrize("serialization", ["php", "json"])
@pytest.mark.parametrize("encrypt", ["", "&encrypt=1&key=env:APP_KEY"], ids=["plain", "encrypted"])
def test_attributes_through_a_real_store(redis, serialization, encrypt):
    url = f"{redis.url}?prefix={new_sid()}&serialization={serialization}{encrypt}"
    store, codec = open_store(url).store, open_store(url).codec
    sid, soon = new_sid(), int(time.time()) + 60
    attributes = codec.new()
    attributes[b"cart" if serialization == "php" else "cart"] = 3
    with store.connect() as perform:
        assert perform(Commit(sid, None, codec.dumps(attributes), soon)) == Saved()
        stored = perform(Find(sid)).data
    assert (b"cart" in stored) is (encrypt == "")
    assert dict(codec.loads(stored)) == dict(attributes)


def test_a_previous_key_opens_what_it_wrote():
    old = open_store("memory:?encrypt=1&key=env:OLD").codec
    stored = old.dumps(old.new())
    with pytest.raises(Undecodable):
        open_store("memory:?encrypt=1&key=env:APP_KEY").codec.loads(stored)
    rotated = open_store("memory:?encrypt=1&key=env:APP_KEY&previous=env:OLD").codec
    assert dict(rotated.loads(stored)) == {}


@pytest.mark.parametrize(
    ("url", "kind", "message"),
    [
        (f"memory:?encrypt=1&key={KEY}", UsageError, "must not be a key itself"),
        (f"memory:?encrypt=1&key=env:APP_KEY&previous={KEY}", UsageError, "must not be a key"),
        ("memory:?key=env:", UsageError, "must not be a key"),
        ("memory:?key=env:NOT_SET", EnvironmentLacking, "NOT_SET is not set"),
        ("memory:?key=env:EMPTY", EnvironmentLacking, "EMPTY is not set"),
        ("memory:?encrypt=1", UsageError, "without a key"),
        ("memory:?encrypt=yes", UsageError, "encrypt=yes"),
        ("memory:?serialization=xml", UsageError, "serialization=xml"),
        ("memory:?key=env:APP_KEY&cipher=rot13", UsageError, "rot13"),
        ("memory:?key=env:APP_KEY&cipher=AES-128-CBC", UsageError, "32 bytes"),
        ("memory:?lifetime=x", UsageError, "lifetime=x"),
    ],
)
def test_refused(url, kind, message):
    with pytest.raises(kind, match=message) as error:
        open_store(url)
    said = f"{error.value} {error.value.hint}"
    assert error.value.hint
    assert KEY.removeprefix("base64:") not in said


def test_the_key_comes_from_this_process_s_environment(monkeypatch):
    monkeypatch.setenv("APP_KEY", KEY)
    assert opening.open("memory:?encrypt=1&key=env:APP_KEY").codec.encrypter is not None


def test_a_password_from_the_environment_lets_in(tmp_path):
    with redis_server(tmp_path, password="p@s/s") as server:
        address = f"redis://{LOOPBACK}:{server.port}/0?password=env:PW"
        with opening.open(address, env={"PW": "p@s/s"}).store.connect() as perform:
            assert perform(Find(new_sid())) is None
        wrong = opening.open(address, env={"PW": "other"}).store
        with pytest.raises(StoreMisconfigured, match="password"), wrong.connect() as perform:
            perform(Find(new_sid()))


@pytest.mark.parametrize(
    ("url", "module", "extra"),
    [
        ("redis://h", "redis", "redis"),
        ("postgresql://u@h/d", "psycopg", "postgresql"),
        ("mysql://u@h/d", "pymysql", "mysql"),
        ("mariadb://u@h/d", "pymysql", "mysql"),
    ],
)
def test_a_missing_client_says_how_to_install_it(monkeypatch, url, module, extra):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == module else find_spec(name)
    )
    with pytest.raises(EnvironmentLacking, match=module) as error:
        opening.open(url)
    assert error.value.hint == f"pip install '.[{extra}]' in a clone of Holdfast"


def test_create_table(directory):
    url = f"sqlite://{directory}/made.sqlite?table=web_sessions"
    create_table(url)
    create_table(url)
    with closing(sqlite3.connect(directory / "made.sqlite")) as connection:
        assert connection.execute("SELECT count(*) FROM web_sessions").fetchone() == (0,)
    with pytest.raises(UsageError, match="no table"):
        create_table("memory:")
