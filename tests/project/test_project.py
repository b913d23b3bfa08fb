"""Whole projects against Laravel: our fixture and the skeletons, in many environments."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from holdfast.project.effective import effective_session
from holdfast.project.project import FILES, PACKAGES, Project, load
from holdfast.project.values import Array, Known, Unknown, Value

HERE = Path(__file__).parent
SKELETONS = HERE / "skeletons"
FIXTURE = HERE.parents[1] / "src/holdfast/rehearsal/laravel_fixture"
KEY = "base64:aG9sZGZhc3QtdGVzdC1rZXktMzItYnl0ZXMtbG9uZyE="

ENVIRONMENTS: list[dict[str, str]] = [
    {},
    {"APP_NAME": "My App"},
    {"APP_NAME": ""},
    {"APP_NAME": "null"},
    {"APP_NAME": "Ünïcode @ Straße"},
    {"APP_NAME": "FooBar_baz-Qux"},
    {"APP_NAME": "'quoted name'"},
    {"APP_KEY": KEY},
    {"APP_KEY": "tooshort"},
    {"APP_KEY": "a" * 32, "APP_PREVIOUS_KEYS": f"{KEY},,{'b' * 32}"},
    {"APP_KEY": "a" * 16, "APP_CIPHER": "AES-128-GCM"},
    {"APP_KEY": "", "APP_PREVIOUS_KEYS": ""},
    {"APP_ENV": "local"},
    {"APP_ENV": "production"},
    {"SESSION_DRIVER": "redis"},
    {"SESSION_DRIVER": "redis", "SESSION_CONNECTION": "cache"},
    {"SESSION_DRIVER": "database", "DB_CONNECTION": "pgsql", "DB_HOST": "db", "DB_PASSWORD": "pw"},
    {"SESSION_DRIVER": "database", "SESSION_CONNECTION": "mysql", "SESSION_TABLE": "web"},
    {"SESSION_DRIVER": "cookie", "SESSION_ENCRYPT": "true"},
    {"SESSION_DRIVER": "file", "SESSION_FILES": "/data/sessions"},
    {"SESSION_DRIVER": "array"},
    {"SESSION_LIFETIME": "15"},
    {"SESSION_LIFETIME": "0x10"},
    {"SESSION_LIFETIME": "1e2"},
    {"SESSION_ENCRYPT": "true"},
    {"SESSION_ENCRYPT": "0"},
    {"SESSION_ENCRYPT": "(false)"},
    {"SESSION_ENCRYPT": "no"},
    {"SESSION_COOKIE": "sid"},
    {"SESSION_COOKIE": "a b"},
    {"SESSION_STORE": "redis"},
    {"SESSION_LOTTERY": "0,1"},
    {"SESSION_LOTTERY": "5, 50"},
    {"SESSION_SERIALIZATION": "json"},
    {"SESSION_SECURE_COOKIE": "true", "SESSION_SAME_SITE": "none"},
    {"SESSION_SECURE_COOKIE": "null", "SESSION_SAME_SITE": "null"},
    {"SESSION_DOMAIN": ".example.com", "SESSION_PATH": "/shop", "SESSION_HTTP_ONLY": "false"},
    {"SESSION_EXPIRE_ON_CLOSE": "true", "SESSION_PARTITIONED_COOKIE": "true"},
    {"SESSION_BLOCK": "true", "SESSION_BLOCK_STORE": "redis", "SESSION_BLOCK_LOCK_SECONDS": "3"},
    {"SESSION_BLOCK_WAIT_SECONDS": "abc"},
    {"CACHE_PREFIX": "c:"},
    {"CACHE_PREFIX": ""},
    {"REDIS_PREFIX": "r_", "CACHE_PREFIX": "null"},
    {"REDIS_PREFIX": ""},
    {"REDIS_HOST": "redis.example", "REDIS_PORT": "7000", "REDIS_DB": "3", "REDIS_PASSWORD": "pw"},
    {"REDIS_URL": "redis://user:p%40ss@red.example:7001/5"},
    {"REDIS_URL": "rediss://red.example"},
    {"REDIS_URL": "redis://:pw@10.0.0.1/0"},
    {"REDIS_URL": "redis://red.example:6380?database=4&password=x"},
    {"REDIS_URL": ""},
    {"DB_URL": "postgres://u:p@pg.example/shop", "DATABASE_URL": "mysql2://u:p@my.example:3307/s"},
    {"DB_URL": "sqlite:///data.sqlite", "DATABASE_URL": "sqlite:////abs/data.sqlite"},
    {"CACHE_DRIVER": "redis", "CACHE_STORE": "redis", "QUEUE_CONNECTION": "redis"},
    {"FILESYSTEM_DISK": "s3", "FILESYSTEM_DRIVER": "s3"},
]
UNDECIDED = re.compile(
    r"database\.connections\.\w+\.options|app\.providers|logging\.channels\.syslog\.facility"
    r"|view\.compiled"
)
"""What depends on PHP's extensions and constants, methods of the framework, what is there."""


def compared(ours: Value, theirs: Any, name: str) -> Any:
    """Ours as JSON; what is unknown must be allowed to be, and is then taken from theirs."""
    if isinstance(ours, Unknown):
        assert UNDECIDED.fullmatch(name), (name, ours)
        return theirs
    if not isinstance(ours.value, Array):
        return ours.value
    assert ours.value.rest is None
    items = ours.value.items
    if list(items) == list(range(len(items))):
        assert isinstance(theirs, list)
        return [compared(v, theirs[k], f"{name}.{k}") for k, v in items.items()]
    assert set(map(str, items)) == set(theirs)
    return {str(k): compared(v, theirs[str(k)], f"{name}.{k}") for k, v in items.items()}


def check(project: Project, theirs: dict[str, Any]) -> None:
    config = theirs["config"]
    assert set(project.files) - set(PACKAGES) == set(config)
    for name in FILES:
        if name in config:
            assert compared(project.files[name], config[name], name) == config[name]
    check_effective(project, theirs)


def check_effective(project: Project, theirs: dict[str, Any]) -> None:
    config = theirs["config"]
    found = effective_session(project)
    rows = {row.name: row.value for row in found.rows}
    missing = {row.name for row in found.missing}
    assert missing <= {"app.key", "app.previous_keys", "lifetime", "lottery"}, found.missing
    assert rows["cookie"] == config["session"]["cookie"]
    assert found.redis is not None
    assert found.database is not None
    for connection, parsed in (
        (found.redis, theirs["redis"]),
        (found.database, theirs["database"]),
    ):
        for member in ("driver", "host", "port", "database", "username", "password"):
            value = connection.get(member)
            assert isinstance(value, Known)
            if member != "driver" or member in parsed:
                assert value.value == parsed.get(member), member
    prefix = theirs["prefix"]
    if project.release.major >= 11:
        prefix = prefix.removesuffix(":")
    redis = config["database"]["redis"]["options"]["prefix"] or ""
    assert rows["redis.session_key_prefix"] == redis + prefix
    if "app.previous_keys" not in missing:
        assert rows.get("app.key", "").startswith("valid") is theirs["key"]
    lifetime = config["session"]["lifetime"]
    if "lifetime" not in missing:
        assert rows["lifetime"] == 60 * int(lifetime)
    else:
        assert int(lifetime) == 0 if isinstance(lifetime, int) else not lifetime.isdigit()


@pytest.mark.parametrize("env", ENVIRONMENTS, ids=lambda env: ",".join(env) or "nothing")
def test_the_fixture_is_read_as_laravel_reads_it(ask_laravel, env):
    theirs = ask_laravel({"directory": str(FIXTURE), "env": env})
    check(load(FIXTURE, env, laravel=8), theirs)


@pytest.fixture
def skeleton(tmp_path):
    """A skeleton with its .env as a project that Laravel 8.83 can read; without merging."""

    def copy(version: int) -> Path:
        root = tmp_path / "app"
        shutil.copytree(SKELETONS / str(version), root)
        (root / "env").rename(root / ".env")
        (root / "bootstrap").mkdir(exist_ok=True)
        (root / "bootstrap/app.php").write_text("<?php $app->dontMergeFrameworkConfiguration();")
        # Calls a package that is not installed here.
        (root / "config/sanctum.php").unlink(missing_ok=True)
        app = root / "config/app.php"
        # A method that 8.83 has not; its value has nothing to do with sessions.
        app.write_text(
            re.sub(r"'providers' => Serv.*?toArray\(\),", "", app.read_text(), flags=re.DOTALL)
        )
        return root

    return copy


@pytest.mark.parametrize("version", range(8, 14))
def test_the_skeletons_are_read_as_laravel_reads_them(ask_laravel, skeleton, version):
    root = skeleton(version)
    for env in ENVIRONMENTS:
        project = load(root, env)
        assert project.release.major == version
        check(project, ask_laravel({"directory": str(root), "env": env}))


@pytest.mark.parametrize(
    ("version", "cookie", "prefix"),
    [
        (8, "laravel_session", "laravel_database_laravel_cache:"),
        (9, "laravel_session", "laravel_database_laravel_cache_:"),
        (10, "laravel_session", "laravel_database_laravel_cache_:"),
        (11, "laravel_session", "laravel_database_laravel_cache_"),
        (12, "laravel-session", "laravel-database-laravel-cache-"),
        (13, "laravel-session", "laravel-database-laravel-cache-"),
    ],
)
def test_the_names_of_a_fresh_application(version, cookie, prefix):
    found = effective_session(load(SKELETONS / str(version), {}))
    rows = {row.name: row.value for row in found.rows}
    assert (rows["cookie"], rows["redis.session_key_prefix"]) == (cookie, prefix)
    assert not found.missing
    assert rows["driver"] == ("file" if version <= 10 else "database")
    assert rows["secure"] is (False if version <= 10 else None)


# .env files


ENV_FILES = [
    "APP_NAME=Other\nSESSION_COOKIE=${APP_NAME}_sid\n",
    'APP_NAME=\'A B\'\nSESSION_DRIVER=redis # no file\nREDIS_HOST="re\\"dis"\n',
    "SESSION_LIFETIME=10\nSESSION_LIFETIME=20\nSESSION_COOKIE=x\nSESSION_COOKIE\n",
    "export SESSION_DRIVER=cookie\nAPP_KEY=" + KEY,
    "CACHE_PREFIX=\nREDIS_PREFIX=null\n",
]


@pytest.mark.parametrize("text", ENV_FILES)
def test_env_files(ask_laravel, skeleton, text):
    root = skeleton(12)
    (root / ".env").write_text(text)
    (root / ".env.staging").write_text("SESSION_COOKIE=staging\nAPP_NAME=Stage\n")
    for env in (
        {},
        {"APP_ENV": "staging"},
        {"APP_ENV": "nowhere"},
        {"APP_ENV": ""},
        {"APP_NAME": "Process", "SESSION_DRIVER": "array", "SESSION_COOKIE": ""},
    ):
        theirs = ask_laravel({"directory": str(root), "env": env})
        project = load(root, env)
        for name, config in theirs["config"].items():
            assert compared(project.files[name], config, name) == config


CACHED = """<?php return array (
  'app' => array ('name' => 'X', 'cipher' => 'AES-256-CBC', 'key' => NULL,),
  'session' => array ('driver' => 'file', 'store' => NULL, 'cookie' => 'frozen',
    'lifetime' => 5, 'connection' => NULL, ),
  'cache' => array('prefix' => 'p', 'stores' => array('redis' => array('driver' => 'redis'))),
  'database' => array('default' => 'x', 'redis' => array('options' => array('prefix' => 'r',),),),
);
"""


def test_a_cached_configuration_is_what_laravel_reads(ask_laravel, skeleton):
    root = skeleton(12)
    (root / "bootstrap/cache").mkdir()
    (root / "bootstrap/cache/config.php").write_text(CACHED)
    project = load(root, {"SESSION_COOKIE": "ignored"})
    theirs = ask_laravel({"directory": str(root), "env": {"SESSION_COOKIE": "ignored"}})
    for name, config in theirs["config"].items():
        assert compared(project.files[name], config, name) == config
    assert project.cached == "bootstrap/cache/config.php"
    rows = {row.name: row for row in effective_session(project).rows}
    assert rows["cookie"].value == "frozen"
    assert str(rows["cookie"].source) == "bootstrap/cache/config.php:3"
