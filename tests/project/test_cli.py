"""``holdfast config`` as a person sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from holdfast.cli import main, screen

SKELETONS = Path(__file__).parent / "skeletons"
SECRET = "correct-horse-battery-staple-123"


@pytest.fixture
def config(capfd, monkeypatch):
    monkeypatch.setattr(screen.stdout, "width", 200)
    monkeypatch.delenv("APP_KEY", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(["config", *words])
        out, err = capfd.readouterr()
        return exit_.value.code, out, err

    return run


def test_the_table(config):
    status, out, _ = config(
        str(SKELETONS / "12"), "--env", f"APP_KEY={SECRET}", "--env", "APP_NAME=A B"
    )
    assert status == 0
    lines = [" ".join(line.split()) for line in out.splitlines()]
    assert "cookie a-b-session config/session.php:17 with environment APP_NAME" in lines
    assert "driver database config/session.php:6" in lines
    assert "lifetime 120 min config/session.php:7" in lines
    assert "lottery 2 in 100 config/session.php:14" in lines
    assert "app.key valid, 32 bytes environment APP_KEY" in lines
    assert SECRET not in out
    assert "unknown" not in out


def test_unknowns_come_last(config, project):
    root = project(
        {"config/session.php": "<?php\nreturn ['cookie' => f('x'), 'path' => \"/\\e[31m\"];"}
    )
    status, out, _ = config(str(root))
    assert status == 0
    last = " ".join(out.splitlines()[-2].split())
    assert last == "cookie config/session.php:2 f('x') what this function gives"
    assert "\x1b[31m" not in out
    assert "/\\x1b[31m" in out


def test_json(config):
    status, out, _ = config(str(SKELETONS / "8"), "--env", "SESSION_DRIVER=redis", "--json")
    told = json.loads(out)
    assert status == 0
    assert told["laravel"] == "8.83.29"
    assert told["values"]["driver"] == {
        "value": "redis",
        "from": "environment SESSION_DRIVER",
        "places": ["config/session.php:6"],
        "variables": [{"name": "SESSION_DRIVER", "where": "environment"}],
    }
    assert told["values"]["redis.session_key_prefix"]["value"] == "laravel_database_laravel_cache:"
    assert told["unknown"] == []


def test_a_cached_configuration_is_said(config, project):
    root = project({"bootstrap/cache/config.php": "<?php return ['session' => ['cookie' => 'c']];"})
    assert "Laravel reads neither .env nor config/" in config(str(root))[1]


@pytest.mark.parametrize(
    ("files", "words", "status", "says"),
    [
        ({"composer.lock": "{}"}, [], 2, "is no Laravel project"),
        ({}, ["--laravel", "7"], 2, "no Laravel 7 is known"),
        ({}, ["--env", SECRET], 2, "--env is not NAME=VALUE"),
        ({"config/session.php": "<?php ["}, [], 3, "config/session.php:1: not valid PHP"),
        ({".env": f"KEY={SECRET} x"}, [], 3, ".env:1: a text with blanks"),
        ({".env": "x" * 2_000_000}, [], 3, "has more than 1048576 bytes"),
    ],
)
def test_errors(config, project, files, words, status, says):
    root = project(files)
    ended, out, err = config(str(root), *words)
    assert ended == status
    assert out == ""
    message, hint = err.splitlines()
    assert says in message
    assert hint.startswith("  hint: ")
    assert SECRET not in err


def test_rehearse_takes_a_project_for_its_store(capfd, project):
    root = project({"config/session.php": "<?php return ['driver' => 'cookie', 'cookie' => 'c'];"})
    with pytest.raises(SystemExit) as exit_:
        main(["rehearse", "--store", f"laravel:{root}"])
    assert exit_.value.code == 2
    assert "keeps its sessions with the driver cookie" in capfd.readouterr().err
