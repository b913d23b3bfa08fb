"""Settings in, effective values out: by the facts of each version, and by Laravel 8.83 itself."""

from __future__ import annotations

import dataclasses
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.core.errors import UsageError
from holdfast.laravel import cookies
from holdfast.laravel.config import (
    DRIVERS,
    ENVIRONMENT,
    VERSIONS,
    BlockSettings,
    Secret,
    SessionConfig,
    effective,
    from_env,
)

KEY = "base64:aG9sZGZhc3QtdGVzdC1rZXktMzItYnl0ZXMtbG9uZyE="
SECRET = "correct-horse-battery-staple-123"  # 32 bytes: a raw key

every_version = pytest.mark.parametrize("version", VERSIONS)


@every_version
def test_what_holds_where_nothing_is_set(version):
    hyphen = version >= 12
    cache = {8: "laravel_cache:", 9: "laravel_cache_:", 10: "laravel_cache_:", 11: "laravel_cache_"}
    assert effective({}, version) == SessionConfig(
        version=version,
        driver="file" if version <= 10 else "database",
        lifetime=7200,
        expire_on_close=False,
        encrypt=False,
        serialization="php",
        files=None,
        connection=None,
        table="sessions",
        store=None,
        lottery=(2, 100),
        cookie="laravel-session" if hyphen else "laravel_session",
        path="/",
        domain=None,
        secure=False if version <= 10 else None,
        http_only=True,
        same_site="lax",
        partitioned=False,
        block=BlockSettings(enabled=False, store=None, lock_seconds=10, wait_seconds=10),
        redis_key_prefix="laravel-database-laravel-cache-"
        if hyphen
        else "laravel_database_" + cache[version],
        cipher="aes-256-cbc",
        key=Secret(""),
        previous_keys=(),
    )


def test_the_application_s_name_makes_cookie_and_prefix():
    config = effective({"app.name": "My App"}, 11)
    assert config.cookie == "my_app_session"
    assert config.redis_key_prefix == "my_app_database_my_app_cache_"
    assert effective({"app.name": None}, 12).cookie == "-session"


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"session.driver": "Redis"}, "driver", "redis"),
        ({"session.driver": "native"}, "driver", "file"),
        ({"session.driver": None}, "driver", "null"),
        ({"session.lifetime": "30"}, "lifetime", 1800),
        ({"session.lifetime": 1}, "lifetime", 60),
        ({"session.expire_on_close": True}, "expire_on_close", True),
        ({"session.encrypt": 1}, "encrypt", True),
        ({"session.encrypt": "0"}, "encrypt", False),
        ({"session.encrypt": "false"}, "encrypt", True),  # a text that is not empty, as in PHP
        ({"session.serialization": "json"}, "serialization", "json"),
        ({"session.serialization": None}, "serialization", "php"),
        ({"session.files": "/data"}, "files", "/data"),
        ({"session.connection": "cache"}, "connection", "cache"),
        ({"session.connection": ""}, "connection", None),
        ({"session.table": "web"}, "table", "web"),
        ({"session.store": "sessions"}, "store", "sessions"),
        ({"session.lottery": [0, 1]}, "lottery", (0, 1)),
        ({"session.cookie": "sid"}, "cookie", "sid"),
        ({"session.path": "/app"}, "path", "/app"),
        ({"session.path": None}, "path", "/"),
        ({"session.path": ""}, "path", "/"),
        ({"session.domain": ".example.com"}, "domain", ".example.com"),
        ({"session.domain": ""}, "domain", None),
        ({"session.secure": True}, "secure", True),
        ({"session.secure": False}, "secure", False),
        ({"session.http_only": False}, "http_only", False),
        ({"session.http_only": None}, "http_only", True),
        ({"session.same_site": "Strict"}, "same_site", "strict"),
        ({"session.same_site": None}, "same_site", None),
        ({"session.same_site": ""}, "same_site", None),
        ({"session.partitioned": True}, "partitioned", True),
        ({"app.cipher": "AES-128-GCM"}, "cipher", "aes-128-gcm"),
        ({"app.key": KEY}, "key", Secret(KEY)),
        ({"app.key": None}, "key", Secret()),
        ({"app.previous_keys": "a,, b,"}, "previous_keys", (Secret("a"), Secret(" b"))),
        ({"app.previous_keys": ["a"]}, "previous_keys", (Secret("a"),)),
        ({"app.previous_keys": {"0": "a", "2": "b"}}, "previous_keys", (Secret("a"), Secret("b"))),
        ({"app.previous_keys": None}, "previous_keys", ()),
        ({"mail.driver": object()}, "driver", "database"),
    ],
)
def test_a_setting_and_its_effect(settings, field, value):
    changed = effective(settings, 12)
    assert getattr(changed, field) == value
    assert dataclasses.replace(changed, **{field: None}) == dataclasses.replace(
        effective({}, 12), **{field: None}
    )


def test_the_locks():
    settings = {"session.block": True, "session.block_store": "redis"}
    settings |= {"session.block_lock_seconds": "3", "session.block_wait_seconds": 4}
    assert effective(settings).block == BlockSettings(True, "redis", 3, 4)


@pytest.mark.parametrize(
    ("version", "settings", "prefix"),
    [
        (8, {"cache.prefix": "c"}, "laravel_database_c:"),
        (8, {"cache.prefix": ""}, "laravel_database_"),
        (11, {"cache.prefix": "c"}, "laravel_database_c"),
        (12, {"cache.prefix": None}, "laravel-database-"),
        (12, {"database.redis.options.prefix": "r"}, "rlaravel-cache-"),
        (12, {"database.redis.options.prefix": None}, "laravel-cache-"),
        # a cache store's own prefix comes first, unless it is null
        (12, {"cache.prefix": "c", "cache.stores.redis.prefix": "s"}, "laravel-database-s"),
        (12, {"cache.prefix": "c", "cache.stores.redis.prefix": None}, "laravel-database-c"),
        (10, {"session.store": "mine", "cache.stores.mine.prefix": "s"}, "laravel_database_s:"),
        (
            12,
            {"session.store": "mine", "cache.stores.redis.prefix": "s"},
            "laravel-database-laravel-cache-",
        ),
        # so does a connection's: its own before that of its options before that of all
        (12, {"database.redis.default.prefix": "r"}, "rlaravel-cache-"),
        (12, {"database.redis.default.options.prefix": "r", "cache.prefix": ""}, "r"),
        (
            12,
            {
                "session.connection": "two",
                "database.redis.two.prefix": "own-",
                "database.redis.two.options.prefix": "options-",
                "database.redis.options.prefix": "all-",
                "cache.prefix": "c",
            },
            "own-c",
        ),
        # 13.20
        (13, {"session.prefix": "s-", "cache.prefix": "c"}, "laravel-database-s-"),
        (13, {"session.prefix": "", "cache.prefix": "c"}, "laravel-database-c"),
    ],
)
def test_the_prefix_in_redis(version, settings, prefix):
    assert effective(settings, version).redis_key_prefix == prefix


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"session.driver": "mongodb"}, "session.driver is not one of array, "),
        ({"session.driver": 1}, "session.driver is not text"),
        ({"session.lifetime": 0}, "session.lifetime is not a whole number from 1 on"),
        ({"session.lifetime": None}, "session.lifetime"),
        ({"session.lifetime": "2h"}, "session.lifetime"),
        ({"session.lifetime": "²"}, "session.lifetime"),
        ({"session.lifetime": True}, "session.lifetime"),
        ({"session.lifetime": 1.5}, "session.lifetime"),
        ({"session.encrypt": []}, "session.encrypt is not true or false"),
        ({"session.serialization": "JSON"}, "session.serialization is not php or json"),
        ({"session.cookie": ""}, "session.cookie is not a name"),
        ({"session.cookie": None}, "session.cookie is not a name"),
        ({"session.table": "", "session.driver": "database"}, "session.table is not a name"),
        ({"session.lottery": [2]}, "session.lottery is not two whole numbers"),
        ({"session.lottery": [1, 0]}, "session.lottery"),
        ({"session.lottery": "2,100"}, "session.lottery"),
        ({"session.same_site": "loose"}, "session.same_site is not one of lax, strict, none"),
        ({"session.block_lock_seconds": -1}, "session.block_lock_seconds"),
        ({"app.cipher": "DES"}, "app.cipher is not one of aes-128-cbc"),
        ({"app.key": 5}, "app.key is not text"),
        ({"app.previous_keys": [5]}, "app.previous_keys is not a list of texts"),
        ({"app.previous_keys": 5}, "app.previous_keys"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(settings, message):
    with pytest.raises(UsageError) as refusal:
        effective(settings)
    assert message in str(refusal.value)
    assert next(iter(settings)) in refusal.value.hint


def test_a_refusal_names_the_variable():
    with pytest.raises(UsageError) as refusal:
        effective(from_env({"SESSION_LIFETIME": "two hours"}))
    assert "SESSION_LIFETIME" in refusal.value.hint


@pytest.mark.parametrize("version", [7, 14, "12"])
def test_an_unknown_version_is_refused(version):
    with pytest.raises(UsageError, match=f"no Laravel {version}"):
        effective({}, version)


def test_an_empty_table_matters_to_the_database_alone():
    assert effective({"session.table": None, "session.driver": "redis"}).table == ""


def test_the_encrypter():
    old = effective({"app.key": KEY}).encrypter()
    rotated = effective({"app.key": SECRET, "app.previous_keys": [KEY]}).encrypter()
    assert rotated.open(old.encrypt_string("x")).key_index == 1
    with pytest.raises(UsageError, match="has no key"):
        effective({}).encrypter()
    with pytest.raises(UsageError, match="APP_KEY has 32 bytes, aes-128-cbc needs 16"):
        effective({"app.key": KEY, "app.cipher": "AES-128-CBC"}).encrypter()


def test_secrets_are_not_shown():
    config = effective({"app.key": SECRET, "app.previous_keys": SECRET})
    assert SECRET not in f"{config} {config!r} {config.key} {config.key!r}"
    assert SECRET not in str(dataclasses.asdict(config))
    with pytest.raises(TypeError):
        json.dumps(dataclasses.asdict(config))
    for wrong in (
        {"app.key": SECRET, "session.lottery": SECRET},
        {"app.previous_keys": {SECRET: 1}},
    ):
        with pytest.raises(UsageError) as refusal:
            effective(wrong)
        assert SECRET not in f"{refusal.value} {refusal.value.hint}"
    assert config.key.reveal() == SECRET
    assert (bool(Secret()), bool(config.key), Secret("a") == "a") == (False, True, False)
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


LITERALS = {
    "true": True,
    "(TRUE)": True,
    "False": False,
    "(false)": False,
    "null": None,
    "(Null)": None,
    "empty": "",
    "(empty)": "",
    "": "",
    "((true))": "((true))",
    "(1)": "(1)",
    "()": "()",
    "'quoted'": "quoted",
    '"true"': "true",
    "\"'": "\"'",
    "' a '": " a ",
    "'": "'",
    "''": "",
    "a'b'": "a'b'",
    "true\n": "true\n",
    '"a"\n': '"a"\n',
    "'a\nb'": "'a\nb'",
}
# The rehearsal's application in an environment, with settings changed.
SETUPS = [
    ({}, {}),
    ({"APP_NAME": "My App", "SESSION_LIFETIME": "5", "SESSION_DRIVER": "array"}, {}),
    ({"SESSION_DRIVER": "null"}, {}),
    ({"SESSION_DRIVER": "redis"}, {}),
    ({"SESSION_DRIVER": "redis", "CACHE_PREFIX": "", "REDIS_PREFIX": "x"}, {}),
    ({"SESSION_DRIVER": "redis", "CACHE_PREFIX": "null"}, {}),
    ({"SESSION_DRIVER": "redis"}, {"cache.stores.redis.prefix": "own"}),
    ({"SESSION_DRIVER": "redis"}, {"cache.stores.redis.prefix": None}),
    (
        {"SESSION_DRIVER": "redis", "SESSION_STORE": "mine"},
        {"cache.stores.mine.driver": "redis", "cache.stores.mine.prefix": "m"},
    ),
    ({"SESSION_DRIVER": "database", "SESSION_TABLE": "web", "DB_DATABASE": ":memory:"}, {}),
    ({"SESSION_DRIVER": "cookie", "SESSION_SAME_SITE": "null"}, {}),
    ({"SESSION_DRIVER": "native"}, {}),
    ({"SESSION_ENCRYPT": "true", "APP_KEY": KEY, "SESSION_SECURE_COOKIE": "true"}, {}),
    ({"SESSION_ENCRYPT": "(false)", "SESSION_COOKIE": "'sid'"}, {}),
    ({"SESSION_SAME_SITE": "Strict"}, {"session.path": "", "session.domain": ".example.com"}),
    ({"SESSION_SAME_SITE": ""}, {"session.path": None, "session.http_only": None}),
    ({"SESSION_LIFETIME": "'7'"}, {"session.http_only": False, "session.secure": None}),
    ({}, {"session.expire_on_close": True}),
    ({"APP_PREVIOUS_KEYS": "a,,b", "APP_KEY": "'x'"}, {}),
    *(({"SESSION_CONNECTION": text}, {}) for text in LITERALS),
]
HANDLERS = {
    "array": "ArraySessionHandler",
    "cookie": "CookieSessionHandler",
    "file": "FileSessionHandler",
    "database": "DatabaseSessionHandler",
    "redis": "CacheBasedSessionHandler",
    "null": None,
}


@pytest.fixture(scope="module")
def laravel(ask_laravel):
    """What the real Laravel does in each setup."""
    return ask_laravel(
        "config.php", [{"env": env, "change": change or None} for env, change in SETUPS]
    )


def test_env_reads_literals_as_laravel_does(laravel):
    for (env, _), answer in zip(SETUPS, laravel, strict=True):
        settings = from_env(env, 13)
        for variable in set(env) & set(ENVIRONMENT):
            assert settings[ENVIRONMENT[variable][0]] == answer["env"][variable], env
    for text, value in LITERALS.items():
        assert from_env({"SESSION_CONNECTION": text}) == {"session.connection": value}


def test_the_effective_values_are_those_of_the_laravel_here(laravel):
    checked = set()
    for (env, change), answer in zip(SETUPS[: -len(LITERALS)], laravel, strict=False):
        config = effective(answer["settings"], 8)
        assert HANDLERS[config.driver] == answer["driver"], env
        checked.add(config.driver)
        assert config.files == "/storage/framework/sessions"
        if config.driver == "redis":
            redis = answer["settings"]["database.redis.options.prefix"] or ""
            assert config.redis_key_prefix == redis + answer["prefix"], (env, change)
        if answer["driver"] is None:
            continue
        assert config.encrypt == answer["encrypts"]
        (theirs,) = answer["cookies"]
        sid, now = re.search(r"=(\w{40})", theirs)[1], 0
        ours = cookies.set_cookie(
            config.cookie,
            sid,
            now=now,
            lifetime=None if config.expire_on_close else config.lifetime,
            path=config.path,
            domain=config.domain,
            secure=config.secure,
            http_only=config.http_only,
            same_site=config.same_site,
        )
        assert re.sub("expires=[^;]+", "", ours) == re.sub("expires=[^;]+", "", theirs), env
    assert checked == set(HANDLERS)


def test_the_rehearsals_application_by_its_environment_alone():
    """Its files follow the skeleton of 8, but read variables that skeletons have from 11 on."""
    env = {"APP_NAME": "A B", "SESSION_DRIVER": "redis", "SESSION_ENCRYPT": "true"}
    assert from_env(env, 8) == {"app.name": "A B", "session.driver": "redis"}
    assert from_env(env, 11) == from_env(env, 8) | {"session.encrypt": True}
    assert effective(from_env(env, 8), 8).redis_key_prefix == "a_b_database_a_b_cache:"


def test_previous_keys_of_the_environment():
    env = {"APP_KEY": KEY, "APP_PREVIOUS_KEYS": f"{SECRET},,{KEY}"}
    config = effective(from_env(env, 12), 12)
    assert config.previous_keys == (Secret(SECRET), Secret(KEY))
    assert effective(from_env(env, 10), 10).previous_keys == ()
    assert effective(from_env({"APP_PREVIOUS_KEYS": ""})).previous_keys == ()


def test_null_in_the_environment_is_not_the_default():
    """SESSION_DRIVER=null turns sessions off: env() answers null, and the default is not asked."""
    assert effective(from_env({"SESSION_DRIVER": "null"}), 8).driver == "null"
    assert effective(from_env({"SESSION_SAME_SITE": "null"})).same_site is None
    assert effective(from_env({"CACHE_PREFIX": "null"}), 8).redis_key_prefix == "laravel_database_"


VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.lists(st.integers(0, 3) | st.text(max_size=3), max_size=3)
    | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2)
    | st.sampled_from([*DRIVERS, "json", "lax", "AES-128-CBC", "120", "true"])
)
NAMES = [name for name, _ in ENVIRONMENT.values()]
NAMES += ["session.serialization", "session.lottery", "session.prefix", "session.block"]


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4), st.sampled_from(VERSIONS))
def test_any_settings_are_a_configuration_or_refused(settings, version):
    try:
        config = effective(settings, version)
    except UsageError as error:
        refused = error
    else:
        assert config.driver in DRIVERS
        assert config.cookie
        assert config.lifetime >= 60
        assert config == effective(settings, version)
        return
    assert any(name in str(refused) for name in settings)
    assert refused.hint


@given(st.dictionaries(st.sampled_from(list(ENVIRONMENT)), st.text(max_size=9), max_size=4))
def test_any_environment_is_a_configuration_or_refused(env):
    try:
        effective(from_env(env))
    except UsageError as error:
        refused = error
    else:
        return
    assert any(variable in refused.hint for variable in env)
