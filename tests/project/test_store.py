"""``laravel:DIR`` as the URL of a store, opened by ``stores.open``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.core.errors import UsageError
from holdfast.project.store import rehearsal_url, store_url
from holdfast.stores.database import DatabaseStore
from holdfast.stores.file import FileStore
from holdfast.stores.open import open as open_store
from holdfast.stores.redis import RedisStore

SKELETON = Path(__file__).parent / "skeletons/12"
KEY = "base64:aG9sZGZhc3QtdGVzdC1rZXktMzItYnl0ZXMtbG9uZyE="


def test_redis():
    env = {
        "SESSION_DRIVER": "redis", "REDIS_URL": "rediss://us%2Fer:p%40ss@red.example:7000/3",
        "SESSION_LIFETIME": "10", "APP_NAME": "My Shop", "APP_KEY": KEY, "SESSION_ENCRYPT": "true",
        "APP_PREVIOUS_KEYS": "k" * 32,
    }  # fmt: skip
    url, keys = store_url(SKELETON, env)
    opened = open_store(url, env=keys)
    store = opened.store
    assert isinstance(store, RedisStore)
    assert (store.host, store.port, store.database, store.tls) == ("red.example", 7000, 3, True)
    assert (store.username, store.password) == ("us/er", "p@ss")
    assert store.prefix == "my-shop-database-my-shop-cache-"
    assert store.lifetime == 600
    assert opened.codec.encrypter is not None
    assert len(opened.codec.encrypter.keys) == 2
    assert KEY not in url
    assert "k" * 32 not in url


def test_the_other_connection_and_a_host_with_a_scheme():
    env = {"SESSION_DRIVER": "redis", "SESSION_CONNECTION": "cache", "REDIS_HOST": "tls://red"}
    store = open_store(store_url(f"laravel:{SKELETON}", env)[0]).store
    assert isinstance(store, RedisStore)
    assert (store.host, store.database, store.tls) == ("red", 1, True)


def test_files(tmp_path, project):
    root = project({"composer.json": "{}"})
    url, keys = store_url(root, {"SESSION_DRIVER": "file"})
    store = open_store(url, env=keys).store
    assert isinstance(store, FileStore)
    assert store.directory == tmp_path / "storage/framework/sessions"
    assert keys == {}


def test_databases(project):
    root = project(
        {
            "config/database.php": "<?php return ['default' => 'x', 'connections' => ['x' => "
            "['driver' => 'sqlite', 'database' => '/data/a b.sqlite', 'prefix' => 'shop_']]];"
        }
    )
    store = open_store(store_url(root, {"SESSION_TABLE": "web"})[0]).store
    assert isinstance(store, DatabaseStore)
    assert store.table == "shop_web"
    assert "/data/a b.sqlite" in store.where
    env = {"DB_CONNECTION": "pgsql", "DB_HOST": "pg", "DB_PASSWORD": "p w", "DB_USERNAME": "u@x"}
    assert store_url(SKELETON, env)[0].startswith("postgresql://u%40x:p%20w@pg:5432/laravel?")
    env["DB_CONNECTION"] = "mariadb"
    assert store_url(SKELETON, env)[0].startswith("mariadb://u%40x:p%20w@pg:3306/laravel?")


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ({"SESSION_DRIVER": "cookie"}, "with the driver cookie"),
        ({"SESSION_DRIVER": "array"}, "with the driver array"),
        ({"SESSION_DRIVER": "null"}, "with the driver null"),
        ({"SESSION_DRIVER": "memcached"}, "with the driver memcached"),
        ({"SESSION_DRIVER": "redis", "SESSION_CONNECTION": "nix"}, "no Redis connection nix"),
        ({"SESSION_LIFETIME": "0"}, "session setting lifetime"),
        ({"APP_KEY": "short", "SESSION_DRIVER": "redis"}, "APP_KEY has 5 bytes"),
        ({"DB_CONNECTION": "sqlite", "DB_DATABASE": "data.sqlite"}, "no absolute path"),
        ({"DB_CONNECTION": "sqlsrv"}, "of the kind null"),
        ({"SESSION_DRIVER": "redis", "REDIS_HOST": "/run/redis.sock"}, "no host"),
        ({"SESSION_DRIVER": "redis", "REDIS_URL": "redis:secret"}, "cannot be told"),
    ],
)
def test_what_cannot_be_opened(env, message):
    with pytest.raises(UsageError) as refusal:
        store_url(SKELETON, env)
    assert message in str(refusal.value)
    assert refusal.value.hint
    assert "secret" not in str(refusal.value)


def test_packed_values_and_what_is_unknown(project):
    text = "<?php return ['redis' => ["
    text += "'default' => ['host' => {}], 'options' => ['serializer' => {}]]];"
    env = {"SESSION_DRIVER": "redis"}
    root = project({"config/database.php": text.format("'h'", "Redis::SERIALIZER_JSON")})
    with pytest.raises(UsageError, match="packs its values"):
        store_url(root, env)
    project({"config/database.php": text.format("'h'", "Redis::SERIALIZER_NONE")})
    assert store_url(root, env)[0].startswith("redis://h/0?")
    project({"config/database.php": text.format("foo()", "0")})
    with pytest.raises(UsageError, match=r"host .* cannot be told: config/database.php:1"):
        store_url(root, env)


def test_an_unknown_prefix_is_never_guessed(project):
    root = project({"config/cache.php": "<?php return ['prefix' => f()];"})
    with pytest.raises(UsageError, match=r"redis.session_key_prefix .*: config/cache.php:1"):
        store_url(root, {"SESSION_DRIVER": "redis"})
    assert store_url(root, {"SESSION_DRIVER": "file"})[0].startswith("file:///")


def test_for_a_rehearsal_the_application_s_key_stays_at_home():
    env = {"SESSION_DRIVER": "redis", "APP_KEY": KEY, "APP_PREVIOUS_KEYS": "k" * 32}
    plain = rehearsal_url(f"laravel:{SKELETON}", env)
    assert plain.startswith("redis://127.0.0.1:6379/0?")
    assert "key=" not in plain
    encrypted = rehearsal_url(f"laravel:{SKELETON}", {**env, "SESSION_ENCRYPT": "true"})
    assert "key=env:APP_KEY" in encrypted.replace("%3A", ":")
    for url in (plain, encrypted):
        assert open_store(url, env={"APP_KEY": KEY}).store.name == "redis"
        assert "previous" not in url
    assert rehearsal_url("memory:", {}) == "memory:"


def test_the_store_s_password_is_in_no_message(project):
    root = project({"config/session.php": "<?php return ['driver' => 'redis', 'cookie' => f()];"})
    with pytest.raises(UsageError) as refusal:
        store_url(root, {"REDIS_PASSWORD": "correct-horse"})
    assert "correct-horse" not in f"{refusal.value} {refusal.value.hint}"
    assert json.dumps(str(refusal.value))
