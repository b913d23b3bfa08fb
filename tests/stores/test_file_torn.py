"""A process that is killed while it rewrites a session's file, before any of its system calls."""

from __future__ import annotations

import base64
import itertools
import json
import os
import signal
import subprocess
import sys

import pytest

from holdfast.core.flow import run
from holdfast.session import load
from holdfast.stores.contract import Commit, Find, Saved
from holdfast.stores.open import open as open_url
from holdfast.testing.harness import new_sid

FORMATS = [
    "",
    "serialization=json",
    "encrypt=1&key=env:KEY",
    "encrypt=1&serialization=json&key=env:KEY",
]
OLD, SHORTER, LONGER = "o" * 300, "s", "l" * 9000

READ = r"""
foreach (json_decode(stream_get_contents(STDIN)) as [$how, $file]) {
    $file = base64_decode($file);
    $read = match ($how) {
        'php' => @unserialize($file),
        'json' => json_decode($file, true),
        'encrypted' => json_decode(base64_decode($file), true),
    };
    echo json_encode(is_array($read) ? array_keys($read) : $read), "\n";
}
"""


class Killed(BaseException):
    """Nothing of the process runs any more."""


@pytest.fixture(params=FORMATS, ids=["php", "json", "encrypted", "encrypted json"])
def opened(request, directory, monkeypatch):
    monkeypatch.setenv("KEY", "base64:" + base64.b64encode(bytes(32)).decode())
    return open_url(f"file://{directory}?lifetime=600&{request.param}")


def session(opened, text):
    """The stored value of a session with this text and a user."""
    attributes = opened.codec.new()
    attributes.update({"user": 7, "text": text})
    return opened.codec.dumps(attributes)


def killed_before(call, monkeypatch, act):
    """Act, and be killed before the system call of this number; whether it came to that."""
    numbers = iter(range(1000))

    def deadly(real):
        def called(*arguments):
            if next(numbers) == call:
                raise Killed
            return real(*arguments)

        return called

    with monkeypatch.context() as patch:
        for name in ("pwrite", "ftruncate", "utime"):
            patch.setattr(os, name, deadly(getattr(os, name)))
        try:
            act()
        except Killed:
            return True
    return False


def states(opened, text, soon, monkeypatch):
    """The files of one session each, killed before the first call, the second, ...; then whole."""
    with opened.store.connect() as perform:
        for call in itertools.count():
            sid = new_sid()
            assert perform(Commit(sid, None, session(opened, OLD), soon)) == Saved()
            commit = Commit(sid, perform(Find(sid)), session(opened, text), soon)
            killed = killed_before(call, monkeypatch, lambda: perform(commit))  # noqa: B023
            yield sid, opened.store.path(sid).read_bytes()
            if not killed:
                return


@pytest.fixture
def soon(opened):
    return opened.store.clock() + 300


@pytest.mark.parametrize("text", [SHORTER, LONGER], ids=["shorter", "longer"])
def test_what_was_there_or_what_was_meant_is_read(opened, text, soon, monkeypatch):
    torn = dict(states(opened, text, soon, monkeypatch))
    read = []
    with opened.store.connect() as perform:
        for sid in torn:
            found = perform(Find(sid))
            attributes = opened.codec.loads(found.data)
            assert attributes["user"] == 7
            read.append(attributes["text"])
            # Whoever saves next puts it right.
            assert perform(Commit(sid, found, session(opened, "next"), soon)) == Saved()
            assert opened.codec.loads(perform(Find(sid)).data)["text"] == "next"
            assert not opened.store.path(sid).read_bytes().endswith(b" ")
    before = read.index(text)
    assert read == [OLD] * before + [text] * (len(read) - before)
    assert 0 < before < len(read) - 1
    assert any(data.endswith(b" ") for data in torn.values())

    encrypted = opened.codec.encrypter is not None
    how = "encrypted" if encrypted else opened.codec.serialization
    files = [(how, base64.b64encode(data).decode()) for data in torn.values()]
    done = subprocess.run(
        ["php", "-r", READ],
        input=json.dumps(files),
        capture_output=True,
        check=True,
        text=True,
    )
    keys = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = {"iv", "value", "mac"} if encrypted else {"user", "text"}
    assert len(keys) == len(torn)
    assert all(wanted <= set(found or ()) for found in keys)


@pytest.mark.parametrize(
    ("call", "text"), [("ftruncate", SHORTER), ("pwrite", LONGER)], ids=["shorter", "longer"]
)
def test_sigkill(opened, call, text, soon):
    sid = new_sid()
    with opened.store.connect() as perform:
        perform(Commit(sid, None, session(opened, OLD), soon))
        found = perform(Find(sid))
    script = f"""
import os, signal
from pathlib import Path
from holdfast.stores.contract import Commit, Found
from holdfast.stores.file import FileStore

real, calls = os.{call}, []

def deadly(*arguments):
    calls.append(arguments)
    if len(calls) == {1 if call == "ftruncate" else 2}:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*arguments)

os.{call} = deadly
with FileStore(Path({str(opened.store.directory)!r}), lifetime=600).connect() as perform:
    perform(Commit({sid!r}, {found!r}, {session(opened, text)!r}, {soon}))
"""
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    assert opened.store.path(sid).read_bytes().endswith(b"  ")
    with opened.store.connect() as perform:
        after = run(load(sid, opened.codec), perform)
    assert after.id == sid
    assert after["text"] == (text if text == SHORTER else OLD)
