"""What lies beside session files: that it is exact in races and crashes, bounded, and PHP's way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from holdfast.core.errors import StoreReadOnly
from holdfast.stores import beside
from holdfast.stores.beside import ScanAside
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Elsewhere,
    Fenced,
    Find,
    Found,
    Gone,
    Grace,
    Missing,
    Move,
    Moved,
    Page,
    Saved,
    Scan,
    SetAside,
    Touch,
    Touched,
)
from holdfast.stores.drivers import file_beside, locked_file
from holdfast.stores.file import FileStore
from holdfast.testing import ManualClock
from holdfast.testing.harness import connected, new_sid

DATA = b"what we read"
OTHER = b"what we write"
WRITE = "w" * 16
ROOM = ".holdfast"

COLLECT = """
require getenv('LARAVEL_AUTOLOAD') ?: '/usr/share/php/Illuminate/autoload.php';
[$path, $seconds] = [$argv[1], (int) $argv[2]];
$files = new Illuminate\\Filesystem\\Filesystem;
(new Illuminate\\Session\\FileSessionHandler($files, $path, 120))->gc($seconds);
"""


@pytest.fixture(params=["sync", "async"])
def mode(request):
    return request.param


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def soon(clock):
    return clock() + 300


@pytest.fixture
def store(directory, clock):
    return FileStore(directory, lifetime=600, clock=clock)


@pytest.fixture
def room(directory):
    return directory / ROOM


@pytest.fixture
def perform(store):
    with store.connect() as perform:
        yield perform


@pytest.fixture
def sid():
    return new_sid()


def move_of(sid, soon, **more):
    return Move(sid, Found(DATA, soon), new_sid(), OTHER, soon, write_id=WRITE, **more)


def test_it_is_made_when_it_is_needed_first(store, room, sid, soon, mode):
    store.path(sid).write_bytes(DATA)
    os.utime(store.path(sid), (soon - 600, soon - 600))
    with connected(store, mode) as client:
        assert store.beside
        assert client.perform(Find(sid)) == Found(DATA, soon)
        assert client.perform(Find(new_sid())) is None
        assert client.perform(Touch(sid, Found(DATA, soon), soon)) == Touched()
        assert client.perform(Delete(sid)) == Deleted()
        assert not room.exists()
        assert client.perform(Delete(sid, fence_seconds=60)) == Missing()
        assert room.is_dir()
        assert client.perform(Scan()) == Page((), None)


def test_its_rights_are_those_of_the_session_files(store, perform, room, sid, soon):
    umask = os.umask(0o022)
    try:
        perform(Commit(sid, None, DATA, soon, write_id=WRITE))
        perform(SetAside(sid, b"x", "size"))
    finally:
        os.umask(umask)
    [entry] = (room / "aside").iterdir()
    for file in (store.path(sid), room / sid, entry):
        assert file.stat().st_mode & 0o777 == 0o644
    assert room.stat().st_mode & 0o777 == 0o755


def test_laravel_s_collector_leaves_it_alone(directory, room):
    """The real FileSessionHandler: it takes an old session, and nothing of ours, however old."""
    store = FileStore(directory, lifetime=600)
    sid, past = new_sid(), int(time.time()) - 1000
    with store.connect() as perform:
        perform(Commit(sid, None, DATA, int(time.time()) + 300, write_id=WRITE))
        perform(SetAside(sid, b"x", "size"))
    ours = [path for path in room.rglob("*") if path.is_file()]
    for path in (*ours, store.path(sid)):
        os.utime(path, (past, past))
    subprocess.run(["php", "-r", COLLECT, "--", str(directory), "600"], check=True)
    assert not store.path(sid).exists()
    assert len(ours) == 3
    assert all(path.exists() for path in ours)


def test_a_crash_in_the_middle_of_a_move(store, perform, sid, soon):
    """The session is under both ids, and the repetition finds that it has moved."""
    move = move_of(sid, soon, grace=Grace(60, b"seal"), fence_seconds=60)
    perform(Commit(sid, None, DATA, soon))
    script = f"""
import os
from pathlib import Path
from holdfast.stores.contract import *
from holdfast.stores.file import FileStore

Path.unlink = lambda *path, **more: os._exit(7)
store = FileStore(Path({str(store.directory)!r}), lifetime=600, clock=lambda: {store.clock()})
with store.connect() as perform:
    perform(Move({sid!r}, Found({DATA!r}, {soon}), {move.to!r}, {OTHER!r}, {soon},
        write_id={WRITE!r}, grace=Grace(60, b"seal"), fence_seconds=60))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 7
    assert perform(Find(sid)) == Found(DATA, soon)
    assert perform(Find(move.to)) == Found(OTHER, soon)
    assert perform(replace(move, again=True)) == Saved()
    assert perform(Delete(sid, fence_seconds=60)) == Elsewhere(move.to)
    assert perform(Find(sid)) == Moved(move.to, b"seal")


def test_destroyed_by_php_in_the_middle_of_a_move(store, perform, sid, soon, monkeypatch):
    move = move_of(sid, soon)
    perform(Commit(sid, None, DATA, soon))
    overwrite = locked_file._overwrite

    def destroyed_meanwhile(fd, data):
        overwrite(fd, data)
        store.path(sid).unlink(missing_ok=True)

    monkeypatch.setattr(locked_file, "_overwrite", destroyed_meanwhile)
    assert perform(move) == Gone()
    assert perform(Scan()) == Page((), None)
    monkeypatch.undo()
    assert perform(replace(move, again=True)) == Gone()


@pytest.mark.parametrize("failing", [OTHER, b"seal".hex().encode(), WRITE.encode()])
def test_a_move_that_fails_has_not_happened(store, perform, sid, soon, monkeypatch, failing):
    """Whichever of its files there is no room for."""
    move = move_of(sid, soon, grace=Grace(60, b"seal"), fence_seconds=60)
    perform(Commit(sid, None, DATA, soon))
    overwrite = locked_file._overwrite

    def full(fd, data):
        if failing in data:
            raise OSError(28, "No space left on device")
        overwrite(fd, data)

    monkeypatch.setattr(locked_file, "_overwrite", full)
    with pytest.raises(StoreReadOnly):
        perform(move)
    monkeypatch.undo()
    assert perform(Scan()) == Page((sid,), None)
    assert perform(Find(sid)) == Found(DATA, soon)
    assert perform(replace(move, again=True)) == Saved()
    assert perform(Find(sid)) == Moved(move.to, b"seal")


def test_a_save_that_cannot_be_noted_is_saved(perform, sid, soon, monkeypatch):
    perform(Commit(sid, None, DATA, soon))
    overwrite = locked_file._overwrite

    def full(fd, data):
        if WRITE.encode() in data:
            raise OSError(28, "No space left on device")
        overwrite(fd, data)

    monkeypatch.setattr(locked_file, "_overwrite", full)
    assert perform(Commit(sid, Found(DATA, soon), OTHER, soon, write_id=WRITE)) == Saved()
    assert perform(Find(sid)) == Found(OTHER, soon)


def test_creates_and_fences_race(perform, soon):
    """Whoever comes first, in the end the session is not there."""
    with ThreadPoolExecutor(2) as threads:
        for _ in range(50):
            sid = new_sid()
            created = threads.submit(perform, Commit(sid, None, DATA, soon))
            deleted = threads.submit(perform, Delete(sid, fence_seconds=60))
            both = created.result(), deleted.result()
            assert both in ((Saved(), Deleted()), (Fenced(), Missing()))
            assert perform(Find(sid)) is None


def test_two_that_move_towards_each_other(perform, soon):
    """Neither waits for the other's lock for ever."""
    with ThreadPoolExecutor(2) as threads:
        for _ in range(20):
            one, two = new_sid(), new_sid()
            base = Found(DATA, soon)
            perform(Commit(one, None, DATA, soon))
            there = threads.submit(perform, Move(one, base, two, DATA, soon))
            back = threads.submit(perform, Move(two, base, one, DATA, soon))
            moved = there.result(), back.result()
            assert moved in ((Saved(), Gone()), (Saved(), Saved()))
            sids = perform(Scan()).sids
            assert len(sids) == 1
            perform(Delete(sids[0]))


def test_it_ends_when_its_time_is_over(perform, sid, soon, clock):
    perform(Commit(sid, None, DATA, soon))
    move = move_of(sid, soon, grace=Grace(10, b""), fence_seconds=20)
    perform(move)
    assert perform(Find(sid)) == Moved(move.to, b"")
    clock.advance(10)
    assert perform(Find(sid)) is None
    # A shorter fence does not end a longer one.
    perform(Delete(sid, fence_seconds=1))
    clock.advance(9)
    assert perform(Commit(sid, None, DATA, soon)) == Fenced()
    clock.advance(1)
    assert perform(Commit(sid, None, DATA, soon)) == Saved()


def test_the_last_writes_are_kept_and_no_more(perform, sid, soon):
    writes = [f"{number:016}" for number in range(beside.WRITES + 1)]
    perform(Commit(sid, None, DATA, soon))
    for write in writes:
        assert perform(Commit(sid, Found(DATA, soon), DATA, soon, write_id=write)) == Saved()
    oldest = Commit(sid, Found(OTHER, soon), DATA, soon, write_id=writes[1], again=True)
    assert perform(oldest) == Saved()
    assert perform(replace(oldest, write_id=writes[0])) == Conflict(Found(DATA, soon))


@pytest.mark.parametrize("garbage", [b"", b"[[", b"7", b"[1, 2, 3, 4]", b"\xff", b'["a", "b"]'])
def test_what_a_crash_has_cut_counts_as_nothing(perform, room, sid, soon, garbage):
    perform(Commit(sid, None, DATA, soon, write_id=WRITE))
    (room / sid).write_bytes(garbage)
    again = Commit(sid, Found(OTHER, soon), DATA, soon, write_id=WRITE, again=True)
    assert perform(again) == Conflict(Found(DATA, soon))
    perform(Delete(sid))
    assert perform(Find(sid)) is None
    assert perform(Commit(sid, None, DATA, soon, write_id=WRITE)) == Saved()


def test_the_quarantine_is_bounded(perform, room, sid, clock, monkeypatch):
    monkeypatch.setattr(file_beside, "ASIDE_ENTRIES", 2)
    assert perform(SetAside(sid, b"one", "serialization")) is True
    clock.advance(10)
    assert perform(SetAside(sid, b"two", "size")) is True
    assert perform(SetAside(sid, b"three", "size")) is False
    assert perform(SetAside(sid, b"one", "serialization")) is True
    kept = {path.read_bytes() for path in (room / "aside").iterdir()}
    assert kept == {b"serialization\none", b"size\ntwo"}
    clock.advance(beside.ASIDE_SECONDS - 10)
    assert [entry.data for entry in perform(ScanAside()).entries] == [b"two"]
    assert perform(SetAside(sid, b"three", "size")) is True
    assert perform(SetAside(sid, b"four", "size")) is False


def test_what_is_over_is_swept(store, room, soon, clock, mode, monkeypatch):
    monkeypatch.setattr(beside, "SWEEP_EVERY", 4)
    with connected(store, mode) as client:
        for _ in range(3):
            client.perform(Commit(new_sid(), None, DATA, soon, write_id=WRITE))
        clock.advance(beside.WRITE_SECONDS - 1)
        client.perform(Delete(new_sid(), fence_seconds=60))
        assert len(list(room.iterdir())) == 4
        clock.advance(1)
        for _ in range(3):
            client.perform(Delete(new_sid()))
        assert len(list(room.iterdir())) == 4
        client.perform(Delete(new_sid()))
        assert len(list(room.iterdir())) == 1
    clock.advance(60)
    with connected(store, mode):
        assert list(room.iterdir()) == []


def test_sweeping_takes_nothing_from_under_a_writer(perform, room, soon, monkeypatch):
    """A file that is swept while its lock is waited for is made anew."""
    monkeypatch.setattr(beside, "SWEEP_EVERY", 1)
    sid = new_sid()
    perform(Commit(sid, None, DATA, soon))
    with ThreadPoolExecutor(4) as threads:
        for number in range(100):
            write = f"{number:016}"
            save = Commit(sid, Found(DATA, soon), DATA, soon, write_id=write)
            os.utime(room / sid, (5, 5)) if (room / sid).exists() else None
            sweeps = [threads.submit(perform, Delete(new_sid())) for _ in range(3)]
            assert threads.submit(perform, save).result() == Saved()
            again = replace(save, base=Found(OTHER, soon), again=True)
            assert perform(again) == Saved()
            assert [sweep.result() for sweep in sweeps] == [Missing()] * 3
