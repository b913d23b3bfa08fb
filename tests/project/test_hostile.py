"""Input that nobody wrote in good faith: bounded, and one clear error each."""

from __future__ import annotations

import os

import pytest

from holdfast.core.errors import EnvironmentLacking, FormatError, HoldfastError, UsageError
from holdfast.project.effective import effective_session
from holdfast.project.project import load

DEEP = 60_000


def refused(root, kind: type[HoldfastError]) -> str:
    with pytest.raises(kind) as refusal:
        load(root, {})
    assert refusal.value.hint
    assert "\n" not in str(refusal.value)
    return str(refusal.value)


@pytest.mark.parametrize(
    "text", ["<?php return [", "<?php return ['a' => ];", "<?php return " + "[" * DEEP]
)
def test_broken_php(project, text):
    root = project({"config/session.php": text})
    assert refused(root, FormatError) == "config/session.php:1: not valid PHP"


def test_no_php_at_all(project):
    for text in ("", "hello", "<html><?= 1 ?></html>"):
        found = effective_session(load(project({"config/session.php": text}), {}))
        assert {m.why for m in found.missing} <= {
            "the file returns nothing",
            "Holdfast does not follow this kind of statement",
        }
        assert len(found.missing) > 20


@pytest.mark.parametrize(
    "name", ["config/session.php", ".env", "bootstrap/app.php", "config/queue.php"]
)
def test_ten_megabytes(project, name):
    root = project({name: "<?php return [" + "'x'," * 2_500_000 + "];"})
    assert "has more than 1048576 bytes" in refused(root, EnvironmentLacking)


def test_a_lock_file_of_twenty_megabytes(project):
    root = project({"composer.lock": " " * 20_000_000})
    assert "has more than 16777216 bytes" in refused(root, EnvironmentLacking)


@pytest.mark.parametrize(
    "text",
    [
        "[" * DEEP + "]" * DEEP,
        "(" * DEEP + "1" + ")" * DEEP,
        "!" * DEEP + "1",
        "1" + " . 1" * DEEP,
        "f(" * 20_000 + ")" * 20_000,
        "true ? " * 5_000 + "1" + " : 2" * 5_000,
    ],
)
def test_deep_nesting(project, text):
    root = project({"config/session.php": f"<?php return ['cookie' => {text}, 'path' => '/p'];"})
    found = effective_session(load(root, {}))
    assert [m.name for m in found.missing] == ["cookie"]
    assert len(found.missing[0].expression) <= 80
    assert {row.name: row.value for row in found.rows}["path"] == "/p"


def test_a_lock_file_that_is_deep(project):
    text = "[" * 100_000 + "]" * 100_000
    assert "composer.lock is not JSON" in refused(project({"composer.lock": text}), FormatError)


def test_a_lock_file_that_is_not_utf_8(project):
    root = project({})
    (root / "composer.lock").write_bytes(b'{"a": "\xff"}')
    assert "composer.lock is not JSON" in refused(root, FormatError)


def test_not_utf_8(project):
    root = project({})
    (root / ".env").write_bytes(b"A=1\nB=\xff\n")
    assert refused(root, FormatError).startswith(".env:2: not UTF-8")
    (root / ".env").unlink()
    (root / "config").mkdir()
    (root / "config/session.php").write_bytes(
        b"<?php // \xe9\xff\nreturn ['cookie' => 'caf\xe9',\n'path' => '/p'];"
    )
    found = effective_session(load(root, {}))
    assert [(m.name, m.place, m.why) for m in found.missing] == [
        ("cookie", "config/session.php:2", "a text that is not UTF-8")
    ]
    assert {row.name: row.value for row in found.rows}["path"] == "/p"


def test_links_in_a_circle(project):
    root = project({})
    (root / "config").mkdir()
    (root / "config/session.php").symlink_to("session.php")
    assert "Too many levels of symbolic links" in refused(root, EnvironmentLacking)
    (root / "loop").symlink_to("loop")
    refused(root / "loop", EnvironmentLacking)
    (root / "config/session.php").unlink()
    (root / ".env").symlink_to(".env")
    assert "Too many levels of symbolic links" in refused(root, EnvironmentLacking)


def test_what_is_no_regular_file(project):
    root = project({})
    os.mkfifo(root / ".env")
    assert ".env is not a regular file" in refused(root, EnvironmentLacking)
    (root / ".env").unlink()
    (root / "config/session.php").mkdir(parents=True)
    assert "session.php is not a regular file" in refused(root, EnvironmentLacking)


def test_no_directory(tmp_path):
    (tmp_path / "file").touch()
    assert "there is no directory" in refused(tmp_path / "nowhere", UsageError)
    assert "is no directory" in refused(tmp_path / "file", UsageError)
    assert "no Laravel project" in refused(tmp_path, UsageError)


def test_links_out_of_the_project_are_followed(project, tmp_path_factory):
    # As Kubernetes mounts a ConfigMap.
    elsewhere = tmp_path_factory.mktemp("mounted") / "env"
    elsewhere.write_text("SESSION_COOKIE=mounted\n")
    root = project({})
    (root / ".env").symlink_to(elsewhere)
    assert load(root, {}).get("session.cookie").value == "mounted"


def test_nothing_is_run(project):
    root = project({"config/session.php": "<?php touch(__DIR__.'/ran'); `touch ran`; return [];"})
    load(root, {})
    assert not list(root.rglob("ran"))
