"""A store's URL: what is understood, what is refused, and that no secret is ever repeated."""

from __future__ import annotations

from pathlib import Path

import pytest

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.stores import database, file, memory, redis_url, url

SECRET = "correct-horse"


def parse(text):
    return url.parse(text)


def everything(text):
    """Parse it and look at what is judged only when it is asked for."""
    parsed = parse(text)
    return parsed.lifetime, parsed.laravel


def test_redis():
    store = redis_url.from_url(parse("redis://bob:p%40ss@[::1]:7000/3?prefix=a%20b+c&lifetime=60"))
    assert (store.host, store.port, store.database) == ("::1", 7000, 3)
    assert (store.username, store.password, store.tls) == ("bob", "p@ss", False)
    assert (store.prefix, store.lifetime) == ("a b+c", 60)
    assert store.where == "redis://[::1]:7000/3"
    assert "bob" not in repr(store)


def test_redis_defaults():
    store = redis_url.from_url(parse("rediss://:word@cache"))
    assert (store.host, store.port, store.database, store.tls) == ("cache", 6379, 0, True)
    assert (store.username, store.password) == (None, "word")
    assert store.prefix == "laravel-database-laravel-cache-"
    assert store.lifetime == 7200
    assert redis_url.from_url(parse("redis:///")).host == "127.0.0.1"
    assert redis_url.from_url(parse("redis://h?prefix=")).prefix == ""


@pytest.mark.parametrize(
    ("version", "prefix"),
    [
        (8, "laravel_database_laravel_cache:"),
        (9, "laravel_database_laravel_cache_:"),
        (10, "laravel_database_laravel_cache_:"),
        (11, "laravel_database_laravel_cache_"),
        (12, "laravel-database-laravel-cache-"),
        (13, "laravel-database-laravel-cache-"),
    ],
)
def test_redis_prefix_by_version(version, prefix):
    assert redis_url.from_url(parse(f"redis://h/0?laravel={version}")).prefix == prefix


def test_redis_from_url():
    store = redis_url.from_url(
        parse("redis+sentinel://bob:p%40ss@one:7000,[::1],three/my%20master/3?prefix=a&replicas=2")
    )
    assert store.sentinels == (("one", 7000), ("::1", 26379), ("three", 26379))
    assert (store.service, store.database, store.replicas) == ("my master", 3, 2)
    assert (store.username, store.password, store.prefix) == ("bob", "p@ss", "a")
    assert store.where == "redis+sentinel://one:7000,[::1]:26379,three:26379/my master/3"
    store = redis_url.from_url(parse("redis+sentinel://one/mymaster"))
    assert (store.sentinels, store.service) == ((("one", 26379),), "mymaster")
    assert (store.database, store.replicas, store.username) == (0, 0, None)


def test_replicas():
    assert redis_url.from_url(parse("redis://h?replicas=2")).replicas == 2


def test_file():
    store = file.from_url(parse("file:///var/www/a%20b?lifetime=5"))
    assert (store.directory, store.lifetime) == (Path("/var/www/a b"), 5)
    assert store.where == "file:///var/www/a b"
    assert file.from_url(parse("file://localhost/x")).directory == Path("/x")


def test_sqlite():
    store = database.from_url(parse("sqlite:///data/d.sqlite?table=web_sessions"))
    assert (store.at, store.table) == (Path("/data/d.sqlite"), "web_sessions")
    assert database.from_url(parse("sqlite:////data/d.sqlite")).at == Path("/data/d.sqlite")
    assert database.from_url(parse("SQLite:///d")).table == "sessions"


@pytest.mark.parametrize(
    ("scheme", "engine", "port", "shown"),
    [
        ("postgresql", "postgresql", 5432, "postgresql"),
        ("mysql", "mariadb", 3306, "mysql"),
        ("mariadb", "mariadb", 3306, "mysql"),
    ],
)
def test_database_servers(scheme, engine, port, shown):
    store = database.from_url(
        parse(f"{scheme}://bob:p%40ss@[::1]:7000/my%20app?table=web_sessions&lifetime=60&tls=1")
    )
    assert store.at == database.Server(engine, "::1", 7000, "my app", "bob", "p@ss", tls=True)
    assert (store.engine, store.table, store.lifetime) == (engine, "web_sessions", 60)
    assert store.where == f"{shown}://[::1]:7000/my app"
    assert "bob" not in repr(store)
    assert "p@ss" not in repr(store)
    store = database.from_url(parse(f"{scheme}://bob@/app"))
    assert store.at == database.Server(engine, "127.0.0.1", port, "app", "bob")
    assert store.table == "sessions"


def test_memory():
    assert memory.from_url(parse("memory:")) is not memory.from_url(parse("memory:"))
    named = memory.from_url(parse("memory:test_url"))
    assert memory.from_url(parse("memory:test_url")) is named
    assert named.where == "memory:test_url"
    with pytest.raises(UsageError, match="lifetime of 7200 s"):
        memory.from_url(parse("memory:test_url?lifetime=9"))


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        (
            "redis://h:7000/3?password=env:PW&prefix=a%20b",
            "redis://:p%40s%2Fs%2B@h:7000/3?prefix=a%20b",
        ),
        (
            "redis+sentinel://bob@h1:1,h2:2/a/0?password=env:PW",
            "redis+sentinel://bob:p%40s%2Fs%2B@h1:1,h2:2/a/0",
        ),
        ("rediss://bob@[::1]?password=env:PW", "rediss://bob:p%40s%2Fs%2B@[::1]"),
        ("mysql://b%40b@h/app?tls=1&password=env:PW", "mysql://b%40b:p%40s%2Fs%2B@h/app?tls=1"),
        ("redis://\udcfd@h?password=env:PW", "redis://\udcfd:p%40s%2Fs%2B@h"),
        ("postgresql://bob:word@h/app", "postgresql://bob:word@h/app"),
    ],
)
def test_a_password_from_the_environment(text, whole):
    filled = url.with_password(text, {"PW": "p@s/s+"})
    assert filled == whole
    if "PW" in text:
        assert parse(filled).password == "p@s/s+"
    assert parse(filled).username == parse(text).username


@pytest.mark.parametrize(
    ("text", "kind", "message"),
    [
        (f"redis://h?password={SECRET}", UsageError, "must not be a password itself"),
        (f"redis://:{SECRET}@h?password=env:PW", UsageError, "two passwords"),
        ("redis://h?password=env:NOT_SET", EnvironmentLacking, "NOT_SET is not set"),
        ("redis://h?password=env:LINES", EnvironmentLacking, "LINES holds a line break"),
        ("redis://h?password=env:BYTES", EnvironmentLacking, "BYTES holds a line break, or bytes"),
        ("sqlite:///d?password=env:PW", UsageError, "unknown parameter password"),
    ],
)
def test_a_password_that_is_not_in_the_environment(text, kind, message):
    env = {"PW": SECRET, "LINES": f"{SECRET}\n", "BYTES": f"{SECRET}\udcff"}
    with pytest.raises(kind, match=message) as error:
        url.with_password(text, env)
    assert error.value.hint
    assert SECRET not in f"{error.value} {error.value.hint}"


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "unknown store", "redis://"),
        ("redsi://h", "unknown scheme redsi", "did you mean redis:"),
        ("mongodb://h", "unknown scheme mongodb", "redis://"),
        ("postgres://h", "unknown scheme postgres", "did you mean postgresql:?"),
        ("/var/sessions", "unknown store", "file://"),
        ("redis://h?prefx=a", "unknown parameter prefx", "did you mean prefix?"),
        ("file:///d?table=a", "unknown parameter table", "lifetime"),
        ("redis://h?prefix=a&prefix=b", "twice", "once"),
        ("redis://h:port", "host and port", "65535"),
        ("redis://h:70000", "host and port", "65535"),
        ("redis://h1:1,h2:2", "host and port", "65535"),
        ("redis+sentinel://h1:1,h2:x/a", "host and port", "65535"),
        ("redis://[::1", "host and port", "65535"),
        ("redis://h/0?prefix=a#b", "#", "%23"),
        ("memory:#", "#", "%23"),
        ("memory:?lifetime=0", "lifetime=0", "lifetime=7200"),
        ("memory:?lifetime=-1", "lifetime=-1", "lifetime=7200"),
        ("memory:?lifetime=2h", "lifetime=2h", "lifetime=7200"),
        ("memory:?lifetime=²", "lifetime=²", "lifetime=7200"),
        ("redis://h?laravel=7", "between 8 and 13", "laravel=12"),
    ],
)
def test_refused(text, message, hint):
    with pytest.raises(UsageError) as error:
        everything(text)
    assert message in str(error.value)
    assert hint in error.value.hint


@pytest.mark.parametrize(
    ("opener", "text"),
    [
        (file.from_url, "file:relative"),
        (file.from_url, "file://host/dir"),
        (database.from_url, "sqlite:d.sqlite"),
        (database.from_url, "sqlite:///d?table="),
        (database.from_url, "postgresql://bob@h"),
        (database.from_url, "postgresql://bob@h/a/b"),
        (database.from_url, "mysql://bob@h/%00"),
        (database.from_url, "mysql://h/app"),
        (database.from_url, "mysql://bob@h/app?tls=yes"),
        (memory.from_url, "memory://name"),
        (redis_url.from_url, "redis://h/zero"),
        (redis_url.from_url, "redis://h/0/1"),
        (redis_url.from_url, "redis://h/0?replicas=-1"),
        (redis_url.from_url, "redis+sentinel://h1,h2"),
        (redis_url.from_url, "redis+sentinel://h1,h2/0/zero"),
        (redis_url.from_url, "redis+sentinel://h1,/mymaster/0"),
        (redis_url.from_url, "redis+sentinel:///mymaster/0"),
    ],
)
def test_refused_by_the_store(opener, text):
    with pytest.raises(UsageError) as error:
        opener(parse(text))
    assert error.value.hint


@pytest.mark.parametrize(
    "text",
    [
        f"redis://bob:{SECRET}@h:port/0",
        f"redis://bob:{SECRET}@h/0?prefx=1",
        f"redis://bob:{SECRET}@h/zero",
        f"redsi://bob:{SECRET}@h",
        f"mysql://bob:{SECRET}@h:port/app",
        f"postgresql://bob:{SECRET}@h/app?tabel=x",
        f"redis://bob:{SECRET}@h/0#x",
        f"redis+sentinel://bob:{SECRET}@h1:x,h2/name/0",
        f"redis+sentinel://bob:{SECRET}@h1,h2/name/zero",
    ],
)
def test_no_password_in_a_message(text):
    with pytest.raises(UsageError) as error:
        redis_url.from_url(parse(text))
    assert SECRET not in f"{error.value} {error.value.hint}"
    assert SECRET not in repr(parse(f"redis://bob:{SECRET}@h"))


@pytest.mark.parametrize(
    "text", ["redis://bob:12?secret@h/0", f"redis://{'h' * 64}/0", "redis://h/" + "9" * 5000]
)
def test_what_no_server_could_take_is_refused_without_quoting_it(text):
    with pytest.raises(UsageError) as error:
        redis_url.from_url(parse(text))
    assert "secret" not in f"{error.value} {error.value.hint}"
