"""What is told of a project: each value with its source, secrets masked, unknowns with reasons."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.core.errors import FormatError, UsageError
from holdfast.project.effective import Effective, effective_session
from holdfast.project.project import load
from holdfast.project.values import Known

SKELETONS = Path(__file__).parent / "skeletons"
SECRET = "correct-horse-battery-staple-123"  # 32 bytes: a raw key


def rows(found: Effective) -> dict[str, tuple[object, str]]:
    return {row.name: (row.value, str(row.source)) for row in found.rows}


def test_where_each_value_is_from(project):
    root = project(
        {
            ".env": "APP_NAME=Shop\n\nSESSION_DRIVER=redis\nREDIS_DB=2\n",
            "config/session.php": "<?php\nuse Illuminate\\Support\\Str;\nreturn [\n"
            "  'driver' => env('SESSION_DRIVER', 'database'),\n"
            "  'lifetime' => 60 * 24,\n"
            "  'cookie' => Str::slug(env('APP_NAME'), '_').'_session',\n"
            "  'encrypt' => env('SESSION_ENCRYPT', false),\n"
            "];\n",
        }
    )
    told = rows(effective_session(load(root, {"SESSION_ENCRYPT": "true"})))
    assert told["laravel"] == ("12.67.0", "composer.lock")
    assert told["driver"] == ("redis", ".env:3 SESSION_DRIVER")
    assert told["lifetime"] == (86400, "config/session.php:5")
    assert told["cookie"] == ("shop_session", "config/session.php:6 with .env:1 APP_NAME")
    assert told["encrypt"] == (True, "environment SESSION_ENCRYPT")
    assert told["same_site"] == ("lax", "Laravel 12.67's default")
    assert told["serialization"] == ("php", "not in config/session.php")
    assert told["block.lock_seconds"] == (10, "not in config/session.php")
    assert told["redis.database"] == ("2", ".env:4 REDIS_DB")
    assert told["redis.session_key_prefix"] == (
        "shop_database_shop_cache_",
        "Laravel 12.67's default with .env:1 APP_NAME",
    )


@pytest.mark.parametrize(
    ("version", "cookie", "prefix"),
    [
        ("v11.56.0", "my_app_session", "my_app_database_my_app_cache_"),
        ("v12.67.0", "my_app_session", "my_app_database_my_app_cache_"),
        ("v13.26.1", "my_app_session", "my-app-database-my-app-cache-"),
    ],
)
def test_the_framework_s_own_defaults(project, version, cookie, prefix):
    lock = json.dumps({"packages": [{"name": "laravel/framework", "version": version}]})
    root = project({"composer.lock": lock})
    told = rows(effective_session(load(root, {"APP_NAME": "My App", "APP_PREVIOUS_KEYS": "a,,b"})))
    assert told["cookie"][0] == cookie
    assert told["redis.session_key_prefix"][0] == prefix
    assert told["driver"] == ("database", f"Laravel {version[1:6]}'s default")
    assert told["files"][0] == f"{root}/storage/framework/sessions"
    assert told["app.previous_keys"] == (2, "environment APP_PREVIOUS_KEYS")
    assert told["queue.default"][0] == "database"
    assert told["database.database"][0] == f"{root}/database/database.sqlite"


def test_merging_two_deep(project):
    root = project(
        {
            "config/database.php": "<?php return ['connections' => ['mine' =>"
            " ['driver' => 'pgsql']], 'redis' => ['default' => ['host' => 'h']]];",
            "config/cache.php": "<?php return ['stores' => ['redis' => ['prefix' => 'own']]];",
        }
    )
    read = load(root, {})
    # connections are merged, redis is replaced as a whole: that is what Laravel does.
    assert read.get("database.connections.mine.driver").value == "pgsql"
    assert read.get("database.connections.mysql.driver").value == "mysql"
    assert read.get("database.redis.options.prefix").value is None
    assert read.get("database.default").value == "sqlite"
    told = rows(effective_session(read))
    assert told["redis.session_key_prefix"][0] == "own"


def test_before_11_nothing_is_merged(project):
    lock = json.dumps({"packages": [{"name": "laravel/framework", "version": "v10.50.3"}]})
    root = project({"composer.lock": lock, "config/app.php": "<?php return [];"})
    project = load(root, {})
    assert project.get("cache.default").value is None
    # Every skeleton before 11 has the file: it is elsewhere, not nowhere.
    moved = project.get("session.driver")
    assert moved.place == "config/session.php"
    assert "configPath" in moved.why
    assert "driver" not in rows(effective_session(project))


@pytest.mark.parametrize(
    ("made", "known"),
    [
        (r"new Illuminate\Foundation\Application(__DIR__)", True),
        (r"new \BookStack\App\Application(__DIR__)", False),
    ],
)
def test_an_application_of_its_own_may_have_its_configuration_elsewhere(project, made, known):
    lock = json.dumps({"packages": [{"name": "laravel/framework", "version": "v12.0.0"}]})
    root = project(
        {"composer.lock": lock, "bootstrap/app.php": f"<?php\n$app = {made};\nreturn $app;"}
    )
    assert isinstance(load(root, {}).get("session.driver"), Known) is known


def test_the_framework_in_vendor_is_believed(project):
    root = project(
        {
            "vendor/laravel/framework/config/session.php": "<?php\nreturn ['driver' => 'cookie',"
            " 'lifetime' => 7];",
            "config/session.php": "<?php return ['lifetime' => 9];",
        }
    )
    told = rows(effective_session(load(root, {})))
    assert told["driver"] == ("cookie", "vendor/laravel/framework/config/session.php:2")
    assert told["lifetime"] == (540, "config/session.php:1")


def test_what_cannot_be_evaluated(project):
    root = project(
        {
            "config/session.php": "<?php\nreturn [\n'cookie' => Str::kebab('A'),\n"
            "'driver' => config('x'),\n'lifetime' => 'soon',\n];",
        }
    )
    found = effective_session(load(root, {}))
    assert [(m.name, m.place, m.expression) for m in found.missing] == [
        ("cookie", "config/session.php:3", "Str::kebab('A')"),
        ("driver", "config/session.php:4", "config('x')"),
        ("lifetime", "config/session.php:5", ""),
    ]
    assert "session.lifetime is not a whole number" in found.missing[2].why
    assert found.config is None
    assert "domain" in rows(found)


def test_a_file_that_returns_what_cannot_be_known(project):
    root = project({"config/session.php": "<?php\nreturn array_map(fn ($v) => $v, []);"})
    found = effective_session(load(root, {}))
    assert {m.place for m in found.missing} == {"config/session.php:2"}
    assert {"cookie", "driver", "block.enabled"} <= {m.name for m in found.missing}


def test_paths_that_are_moved_by_code(project):
    root = project(
        {
            "config/session.php": "<?php return ['files' => storage_path('s'), 'cookie' => 'c'];",
            "bootstrap/app.php": "<?php\n$app = x();\n$app->useStoragePath('/mnt');\nreturn $app;",
        }
    )
    found = effective_session(load(root, {}))
    assert [(m.name, m.place) for m in found.missing] == [("files", "bootstrap/app.php:3")]
    (root / "bootstrap/app.php").write_text("<?php\n$app->loadEnvironmentFrom('x');")
    assert {"driver", "lifetime"} - {m.name for m in effective_session(load(root, {})).missing}
    (root / "bootstrap/app.php").write_text("<?php")
    told = rows(effective_session(load(root, {"LARAVEL_STORAGE_PATH": "/mnt"})))
    assert told["files"][0] == "/mnt/s"


def test_secrets_are_not_told(project):
    root = project(
        {
            ".env": f"REDIS_PASSWORD={SECRET}\nDB_URL=mysql://u:{SECRET}@h/d\n",
            "config/app.php": f"<?php return ['key' => '{SECRET}',"
            f" 'previous_keys' => ['{SECRET}', foo('{SECRET}')]];",
            "config/session.php": "<?php return ['cookie' => 'x', 'driver' => 'redis'];",
        }
    )
    read = load(root, {})
    found = effective_session(read)
    assert SECRET not in f"{found!r} {read!r} {found.rows} {found.missing}"
    told = rows(found)
    assert told["app.key"] == ("valid, 32 bytes", "config/app.php:1")
    assert told["redis.password"] == ("set", ".env:1 REDIS_PASSWORD")
    assert told["database.password"][0] == "set"
    assert [(m.name, m.expression) for m in found.missing] == [("app.previous_keys", "(not shown)")]


@pytest.mark.parametrize(
    ("key", "told"),
    [
        (SECRET, "valid, 32 bytes"),
        ("base64:aG9sZGZhc3QtdGVzdC1rZXktMzItYnl0ZXMtbG9uZyE=", "valid, 32 bytes"),
        ("", "not set"),
        ("null", "not set"),
        ("short", None),
    ],
)
def test_the_key(project, key, told):
    found = effective_session(load(project({}), {"APP_KEY": key}))
    assert rows(found).get("app.key", (None,))[0] == told
    if told is None:
        assert found.missing[0].why == "APP_KEY has 5 bytes, aes-256-cbc needs 32"
        assert "short" not in str(found.missing)


@pytest.mark.parametrize(
    ("files", "major", "place"),
    [
        ({"composer.lock": '{"packages":[{"name":"laravel/framework","version":"11.x-dev"}]}'}, 11,
         "composer.lock"),
        ({"composer.lock": "{}", "composer.json": '{"require":{"laravel/framework":"^10.10"}}'}, 10,
         "composer.json"),
        ({"composer.lock": "{}", "composer.json": '{"require":{"laravel/framework":"12.*"}}'}, 12,
         "composer.json"),
        ({"composer.lock": "[]",
          "vendor/laravel/framework/src/Illuminate/Foundation/Application.php":
          "<?php class Application { const VERSION = '9.52.16'; }"}, 9,
         "vendor/laravel/framework/src/Illuminate/Foundation/Application.php"),
    ],
)  # fmt: skip
def test_the_version(project, files, major, place):
    release = load(project(files), {}).release
    assert (release.major, release.place) == (major, place)


@pytest.mark.parametrize(
    ("files", "message", "hint"),
    [
        ({"composer.lock": "{}"}, "no Laravel project", "composer.json and config"),
        ({"composer.lock": "{}", "config/app.php": "<?php"}, "which Laravel", "--laravel 12"),
        ({"composer.lock": '{"packages":[{"name":"laravel/framework","version":"v7.3.0"}]}'},
         "runs on Laravel 7.3.0", "8 to 13"),
        ({"composer.lock": "{}", "composer.json": '{"require":{"laravel/framework":"^10|^11"}}'},
         "which one is not said", "--laravel"),
    ],
)  # fmt: skip
def test_no_project(project, files, message, hint):
    with pytest.raises(UsageError) as refusal:
        load(project(files), {})
    assert message in str(refusal.value)
    assert hint in refusal.value.hint


def test_a_lock_file_that_is_no_json(project):
    with pytest.raises(FormatError, match=r"composer.lock is not JSON"):
        load(project({"composer.lock": "{"}), {})


def test_laravel_9_and_10_may_not_see_the_storage_path(project):
    root = project({"config/session.php": "<?php return ['files' => storage_path()];"})
    for major, told in ((8, f"{root}/storage"), (10, None), (11, "/mnt")):
        found = effective_session(load(root, {"LARAVEL_STORAGE_PATH": "/mnt"}, laravel=major))
        assert rows(found).get("files", (None,))[0] == told
