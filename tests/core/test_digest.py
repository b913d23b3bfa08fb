"""The handle: stable for one key, different for another, and PHP computes the same."""

from __future__ import annotations

import subprocess

from holdfast.core.digest import handle

SID = "a" * 40


def test_one_key_gives_one_handle():
    assert handle(SID, b"key") == handle(SID, b"key")
    assert handle(SID, b"key") != handle(SID, b"other key")
    assert handle(SID, b"key") != handle("b" * 40, b"key")


def test_it_shows_nothing_of_the_id():
    assert len(handle(SID, b"key")) == 12
    assert "aaa" not in handle(SID, b"key")


def test_php_computes_the_same():
    code = "echo substr(hash_hmac('sha256', $argv[1], $argv[2]), 0, 12);"
    run = subprocess.run(["php", "-r", code, SID, "key"], capture_output=True, check=True)
    assert run.stdout.decode() == handle(SID, b"key")
