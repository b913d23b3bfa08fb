"""The file protocol against real PHP, which locks a file to write it and unlinks without a lock."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from holdfast.core.errors import (
    StoreMisconfigured,
    StoreReadOnly,
    StoreUnavailable,
    Undecodable,
)
from holdfast.laravel.payload import MAX_PAYLOAD_BYTES, Codec, Form
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Find,
    Found,
    Gone,
    Page,
    Saved,
    Scan,
    Touch,
)
from holdfast.stores.drivers import locked_file
from holdfast.stores.file import FileStore
from holdfast.testing.harness import connected, new_sid

PHP = r"""
[$path, $steps] = [$argv[1], array_slice($argv, 2)];
$lock = function () use ($path) { $f = fopen($path, 'c+'); flock($f, LOCK_EX); return $f; };
$held = null;
foreach ($steps as $step) {
    [$verb, $text] = explode(':', $step, 2) + [1 => ''];
    match ($verb) {
        'lock' => $held = $lock(),
        'say' => print($text . "\n"),
        'wait' => fgets(STDIN),
        'rewrite' => [ftruncate($held, 0), rewind($held), fwrite($held, $text), fflush($held)],
        'unlock' => fclose($held),
        'unlink' => unlink($path),
        'put' => file_put_contents($path, $text, LOCK_EX),
        'increment' => (function () use ($lock, $text) {
            for ($i = 0; $i < (int) $text; $i++) {
                $f = $lock();
                $n = (int) stream_get_contents($f);
                rewind($f);
                fwrite($f, (string) ($n + 1));
                fclose($f);
            }
        })(),
    };
}
"""

BASE = b"what we read"
NEW = b"what we write, which is longer"


class Php:
    """A PHP process that works on one file, step by step."""

    def __init__(self, path: Path, *steps: str) -> None:
        self._process = subprocess.Popen(
            ["php", "-r", PHP, "--", str(path), *steps],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._process.stdin.close()
        try:
            if error[0] is None:
                assert self._process.wait(20) == 0
        finally:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()

    def said(self) -> str:
        return self._process.stdout.readline().decode().strip()

    def go_on(self) -> None:
        self._process.stdin.write(b"\n")
        self._process.stdin.flush()


@pytest.fixture
def store(directory):
    return FileStore(directory, lifetime=600)


@pytest.fixture
def perform(store):
    with store.connect() as perform:
        yield perform


@pytest.fixture
def sid():
    return new_sid()


@pytest.fixture
def path(store, sid):
    return store.path(sid)


@pytest.fixture
def soon():
    return int(time.time()) + 300


@pytest.fixture
def base(perform, sid, soon):
    """A session that we have read."""
    perform(Commit(sid, None, BASE, soon))
    return Found(BASE, soon)


def while_php(path, steps, operation, perform):
    """Start PHP, which takes the lock; start our operation, which waits; let PHP go on."""
    with (
        Php(path, "lock", "say:locked", "wait", *steps, "unlock") as php,
        ThreadPoolExecutor(1) as pool,
    ):
        assert php.said() == "locked"
        waiting = threading.Event()

        def ours():
            waiting.set()
            return perform(operation)

        result = pool.submit(ours)
        waiting.wait()
        php.go_on()
        return result.result(20)


def test_file_is_laravel_s(perform, path, sid, soon, store):
    umask = os.umask(0o022)
    try:
        perform(Commit(sid, None, BASE, soon))
    finally:
        os.umask(umask)
    status = path.stat()
    assert path.read_bytes() == BASE
    assert status.st_mode & 0o777 == 0o644
    assert status.st_mtime == soon - store.lifetime


def test_reads_what_php_put(perform, path, sid, store):
    with Php(path, "put:by PHP"):
        pass
    found = perform(Find(sid))
    assert found == Found(b"by PHP", int(path.stat().st_mtime) + store.lifetime)


def test_a_save_stays_in_the_inode(perform, path, sid, base, soon):
    before = path.stat().st_ino
    perform(Commit(sid, base, b"short", soon))
    assert path.read_bytes() == b"short"
    assert path.stat().st_ino == before


def test_php_that_waits_for_our_lock_writes_into_the_same_file(
    perform, path, sid, base, soon, monkeypatch
):
    overwrite = locked_file._overwrite
    with Php(path, "say:up", "wait", "put:by PHP") as php:
        assert php.said() == "up"

        def slow(fd, data):
            php.go_on()
            wait_for_waiter(path)
            overwrite(fd, data)

        monkeypatch.setattr(locked_file, "_overwrite", slow)
        assert perform(Commit(sid, base, NEW, soon)) == Saved()
    assert perform(Find(sid)).data == b"by PHP"


def wait_for_waiter(path: Path) -> None:
    """Until some process waits for a flock on the file, as the kernel lists it."""
    inode = f":{path.stat().st_ino} "
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        lines = Path("/proc/locks").read_text().splitlines()
        if any("->" in line and inode in line for line in lines):
            return
    raise AssertionError("PHP did not come to wait for the lock")


def test_a_reader_waits_for_php_s_write(perform, path, sid, base):
    found = while_php(path, ["rewrite:by PHP, as a whole"], Find(sid), perform)
    assert found.data == b"by PHP, as a whole"


def test_php_wrote_while_we_waited(perform, path, sid, base, soon):
    result = while_php(path, ["rewrite:by PHP"], Commit(sid, base, NEW, soon), perform)
    assert isinstance(result, Conflict)
    assert result.found.data == b"by PHP"
    assert path.read_bytes() == b"by PHP"


@pytest.mark.parametrize("verb", ["save", "touch"])
def test_php_destroyed_while_we_waited(perform, path, sid, base, soon, verb):
    write = Commit(sid, base, NEW, soon) if verb == "save" else Touch(sid, base, soon + 9)
    assert while_php(path, ["unlink"], write, perform) == Gone()
    assert not path.exists()


def test_php_destroyed_and_made_anew_while_we_waited(perform, path, sid, base, soon):
    steps = ["unlink", "put:anew"]
    result = while_php(path, steps, Commit(sid, base, NEW, soon), perform)
    assert isinstance(result, Conflict)
    assert result.found.data == b"anew"


def test_php_destroyed_while_a_reader_waited(perform, path, sid, base):
    assert while_php(path, ["unlink"], Find(sid), perform) is None


@pytest.mark.parametrize("made_anew", [False, True])
def test_destroyed_in_the_middle_of_our_write(
    perform, path, sid, base, soon, monkeypatch, made_anew
):
    overwrite = locked_file._overwrite

    def destroyed_meanwhile(fd, data):
        overwrite(fd, data)
        path.unlink()
        if made_anew:
            path.write_bytes(b"anew")

    monkeypatch.setattr(locked_file, "_overwrite", destroyed_meanwhile)
    assert perform(Commit(sid, base, NEW, soon)) == Gone()
    found = perform(Find(sid))
    assert (found.data if found else None) == (b"anew" if made_anew else None)


def test_collected_in_the_middle_of_our_create(perform, path, sid, soon, monkeypatch):
    overwrite = locked_file._overwrite
    times = iter([True, True, False])

    def collected_meanwhile(fd, data):
        overwrite(fd, data)
        if next(times):
            path.unlink()

    monkeypatch.setattr(locked_file, "_overwrite", collected_meanwhile)
    assert perform(Commit(sid, None, NEW, soon)) == Saved()
    assert perform(Find(sid)) == Found(NEW, soon)


def test_an_empty_file_is_no_session(perform, path, sid, soon, base):
    path.write_bytes(b"")
    assert perform(Find(sid)) is None
    assert perform(Scan()) == Page((), None)
    assert perform(Commit(sid, base, NEW, soon)) == Gone()
    assert perform(Commit(sid, None, NEW, soon)) == Saved()
    assert perform(Find(sid)) == Found(NEW, soon)


def test_php_filled_the_file_that_we_made(perform, path, sid, soon):
    path.touch()
    result = while_php(path, ["rewrite:by PHP"], Commit(sid, None, NEW, soon), perform)
    assert isinstance(result, Conflict)
    assert result.found.data == b"by PHP"


def test_no_increment_is_lost_between_php_and_us(store, path, sid, soon):
    each = 200

    def increments():
        with store.connect() as perform:
            done = 0
            while done < each:
                found = perform(Find(sid))
                new = b"%d" % (int(found.data) + 1)
                done += perform(Commit(sid, found, new, soon)) == Saved()

    with store.connect() as perform:
        perform(Commit(sid, None, b"0", soon))
        with Php(path, f"increment:{each}"), ThreadPoolExecutor(2) as pool:
            for result in [pool.submit(increments) for _ in range(2)]:
                result.result()
        assert int(perform(Find(sid)).data) == 3 * each


def test_a_lock_that_is_never_released(perform, path, sid, base, soon, monkeypatch):
    monkeypatch.setattr(locked_file, "LOCK_SECONDS", 0.05)
    with Php(path, "lock", "say:locked", "wait", "unlock") as php:
        assert php.said() == "locked"
        for operation in (Find(sid), Commit(sid, base, NEW, soon), Delete(sid)):
            with pytest.raises(StoreUnavailable, match="locked") as error:
                perform(operation)
            assert sid not in f"{error.value} {error.value.hint}"
        php.go_on()
    assert perform(Find(sid)) == base


@pytest.mark.parametrize("reserve", [True, False], ids=["found early", "found while writing"])
def test_a_full_disk_leaves_the_old_session(tmp_path, perform, store, sid, base, soon, reserve):
    script = f"""
import resource
from pathlib import Path
from holdfast.core.errors import StoreReadOnly
from holdfast.stores.contract import *
from holdfast.stores.drivers import locked_file
from holdfast.stores.file import FileStore

if not {reserve}:
    locked_file._reserve = lambda fd, there, wanted: None
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
with FileStore(Path({str(store.directory)!r}), lifetime={store.lifetime}).connect() as perform:
    for base, sid in ((Found({BASE!r}, {soon}), {sid!r}), (None, "f" * 40)):
        try:
            perform(Commit(sid, base, b"x" * 5000, {soon}))
        except StoreReadOnly as error:
            print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert done.stdout.count("File too large") == 2
    assert perform(Find(sid)) == base
    assert perform(Find("f" * 40)) is None


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_the_directory_is_missing(tmp_path, mode, sid, soon):
    with (
        pytest.raises(StoreMisconfigured, match="not a directory") as error,
        connected(FileStore(tmp_path / "none"), mode),
    ):
        pass
    assert error.value.hint
    (tmp_path / "plain").write_bytes(b"")
    with pytest.raises(StoreMisconfigured), connected(FileStore(tmp_path / "plain"), mode):
        pass

    directory = tmp_path / "soon gone"
    directory.mkdir()
    with connected(FileStore(directory), mode) as client:
        directory.rmdir()
        for operation in (Find(sid), Commit(sid, None, NEW, soon), Delete(sid), Scan()):
            with pytest.raises(StoreMisconfigured):
                client.perform(operation)


def test_a_file_system_that_makes_no_files(sid, soon):
    with (
        FileStore(Path("/proc/self/task")).connect() as perform,
        pytest.raises((StoreMisconfigured, StoreReadOnly)),
    ):
        perform(Commit(sid, None, NEW, soon))


def test_other_things_in_the_directory(perform, path, sid, store, soon, base):
    (store.directory / ".gitignore").write_text("*")
    (store.directory / "short").write_text("x")
    directory = new_sid()
    store.path(directory).mkdir()
    assert perform(Scan()) == Page((sid,), None)
    with pytest.raises(StoreMisconfigured, match="something else than a file"):
        perform(Find(directory))


def test_delete_takes_an_unreadable_session_too(perform, path, sid, soon):
    path.write_bytes(b"\0\xff")
    assert perform(Delete(sid)) == Deleted()
    assert not path.exists()


def test_a_file_of_any_size_is_read_up_to_what_a_session_may_have(perform, path, sid, soon, base):
    with path.open("r+b") as file:
        file.truncate(2**40)  # with a hole: it takes no room on the disk, and no memory of ours
    found = perform(Find(sid))
    assert len(found.data) == MAX_PAYLOAD_BYTES + 1
    with pytest.raises(Undecodable, match="more than"):
        Codec(Form.BARE).loads(found.data)
    # What was not read cannot be known to be as it was.
    assert isinstance(perform(Commit(sid, found, b"new", soon)), Conflict)
    assert isinstance(perform(Touch(sid, found, soon)), Conflict)
    assert path.stat().st_size == 2**40
    assert perform(Delete(sid)) == Deleted()
    assert not path.exists()


def test_the_largest_session_is_saved(perform, path, sid, soon, base):
    assert perform(Commit(sid, base, b"x" * MAX_PAYLOAD_BYTES, soon)) == Saved()
    found = perform(Find(sid))
    assert len(found.data) == MAX_PAYLOAD_BYTES
    assert perform(Commit(sid, found, b"small", soon)) == Saved()
    assert path.read_bytes() == b"small"
