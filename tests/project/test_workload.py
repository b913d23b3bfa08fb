"""The environment of a workload: where each variable is set, which are unknown, no ``.env``."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from holdfast.core.errors import FormatError
from holdfast.project.code import code
from holdfast.project.directory import Directory
from holdfast.project.effective import effective_session
from holdfast.project.environment import Process
from holdfast.project.project import load
from holdfast.project.values import Known, Unknown, Value, Variable

SKELETONS = Path(__file__).parent / "skeletons"
SECRET = Unknown("deploy/web.yaml:31", "secretKeyRef shop", "the Secret is not among the files")


class Anything(Mapping[str, Unknown]):
    """An environment of which nothing is known, as that of an ``envFrom`` nobody can look into."""

    def __getitem__(self, name: str) -> Unknown:
        return SECRET

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def known(value: Value) -> Known:
    assert isinstance(value, Known)
    return value


def test_where_a_variable_is_set(project):
    root = project({".env": "APP_NAME=Other\nSESSION_COOKIE=${APP_NAME}_sid\n"})
    read = load(root, {"APP_NAME": Variable("Shop", "deploy/web.yaml:31")})
    name = known(read.get("app.name"))
    assert (name.value, str(name.source)) == ("Shop", "deploy/web.yaml:31 APP_NAME")
    assert known(read.get("session.cookie")).value == "Shop_sid"
    assert "Shop" not in repr(read.environment)


def test_a_text_alone_is_of_the_environment(project):
    driver = known(load(project({}), {"SESSION_DRIVER": "redis"}).get("session.driver"))
    assert str(driver.source) == "environment SESSION_DRIVER"


@pytest.mark.parametrize("version", range(8, 14))
def test_what_depends_on_an_unknown_variable_is_unknown(version):
    env: Process = {"SESSION_DRIVER": SECRET, "APP_NAME": SECRET, "APP_KEY": SECRET}
    found = effective_session(load(SKELETONS / str(version), env))
    missing = {m.name: m.place for m in found.missing}
    assert set(missing) == {
        "driver", "cookie", "redis.prefix", "cache.prefix", "redis.session_key_prefix", "app.key",
    }  # fmt: skip
    assert set(missing.values()) == {SECRET.place}
    assert {row.name: row.value for row in found.rows}["lifetime"] == 7200


def test_unknown_by_every_way_to_a_variable(project):
    root = project(
        {
            ".env": "DRIVER=${SESSION_DRIVER}\nPATH_OF=/x\n",
            "config/session.php": "<?php return ['driver' => env('DRIVER'), 'cookie' =>"
            " getenv('SESSION_COOKIE'), 'path' => env('PATH_OF'), 'table' =>"
            " Illuminate\\Support\\Env::get('TABLE', 'web'), 'files' => storage_path('s'),"
            " 'store' => 'a'.env('SESSION_COOKIE')];",
        }
    )
    names = ("SESSION_DRIVER", "SESSION_COOKIE", "TABLE", "LARAVEL_STORAGE_PATH")
    read = load(root, dict.fromkeys(names, SECRET))
    for setting in ("driver", "cookie", "table", "files", "store"):
        assert read.get(f"session.{setting}") == SECRET, setting
    assert known(read.get("session.path")).value == "/x"
    assert read.environment.raw("TABLE") == read.environment.env("TABLE") == SECRET


def test_the_framework_s_own_defaults_of_unknown_variables(project):
    read = load(project({}), {"APP_NAME": SECRET, "APP_PREVIOUS_KEYS": SECRET})
    for setting in ("session.cookie", "cache.prefix", "app.previous_keys", "app.name"):
        assert read.get(setting) == SECRET, setting


def test_an_environment_of_which_nothing_is_known():
    read = load(SKELETONS / "12", Anything())
    assert {type(read.get(name)) for name in ("session.driver", "app.key")} == {Unknown}


def test_an_unknown_cached_configuration(project):
    root = project({"config/session.php": "<?php return ['driver' => 'redis'];"})
    read = load(root, {"APP_CONFIG_CACHE": SECRET})
    assert known(read.get("session.driver")).value == "redis"
    (root / "bootstrap/cache").mkdir(parents=True)
    (root / "bootstrap/cache/config.php").write_text("<?php return [];")
    read = load(root, {"APP_CONFIG_CACHE": SECRET})
    assert read.get("session.driver") == read.get("cache.default") == SECRET


def test_a_path_in_a_container_is_none_here(project, tmp_path_factory):
    cached = tmp_path_factory.mktemp("elsewhere") / "config.php"
    cached.write_text("<?php return ['session' => ['cookie' => 'frozen']];")
    root = project({})
    inside = load(root, {"APP_CONFIG_CACHE": Variable(str(cached), "web.yaml:3")})
    assert known(inside.get("session.cookie")).value == "laravel_session"
    here = load(root, {"APP_CONFIG_CACHE": str(cached)})
    assert known(here.get("session.cookie")).value == "frozen"


def test_an_image_without_its_environment_file(project):
    root = project({".env": "SESSION_DRIVER=file\n=broken"})
    assert known(load(root, {}, dotenv=False).get("session.driver")).value == "database"
    with pytest.raises(FormatError):
        load(root, {})


def test_an_unknown_choice_among_environment_files(project):
    root = project({".env": "SESSION_DRIVER=file\n", ".env.example": "SESSION_TABLE=x\n"})
    read = load(root, {"APP_ENV": SECRET})
    assert known(read.get("session.driver")).value == "file"
    (root / ".env.staging").write_text("SESSION_COOKIE=staging\n")
    (root / ".env.broken").write_text("=x\n")
    read = load(root, {"APP_ENV": SECRET})
    for setting in ("driver", "cookie"):
        value = read.get(f"session.{setting}")
        assert isinstance(value, Unknown)
        assert value.place == SECRET.place
        assert ".env" in value.why
    assert known(read.get("session.table")).value == "sessions"


def test_a_directory_is_read_once(tmp_path):
    shutil.copytree(SKELETONS / "12", tmp_path / "app")
    directory = Directory(tmp_path / "app")
    load(directory, {})
    shutil.rmtree(tmp_path / "app/config")
    for driver in ("redis", "cookie"):
        read = load(directory, {"SESSION_DRIVER": driver})
        assert known(read.get("session.driver")).value == driver
        assert known(read.get("session.driver")).source.places == ("config/session.php:6",)
    assert repr(directory).startswith("Directory(")


def test_what_is_read_of_a_directory_is_read_once(project):
    directory = Directory(project({"app/A.php": "<?php session_start();"}))
    assert directory.of(code) is directory.of(code)
