"""The file protocol: how PHP and several Holdfasts write one session file without losing a write.

PHP writes under an exclusive flock on the file itself and unlinks without any lock. Hence:

- The lock is taken on the file itself. Under it the bytes are compared, written in place, and the
  rest is cut off. Never a rename: PHP waiting in ``LOCK_EX`` would write into the unlinked inode.
- Under the lock, before and after the write, the path must name the inode that is locked. Where it
  does not, PHP has destroyed the session: Gone.
- A new file is made with ``O_CREAT | O_EXCL`` and then locked. In between it is empty, which nobody
  may take for a session: readers see none, and whoever locks it first fills it.
- A move makes the new file and then ends the old one, under the old one's lock. A crash in between
  leaves the session under both ids.
- What is beside the sessions (``file_beside``) is locked before their own files, never after.

flock works between processes of one machine, and on NFS between machines only where the server
supports it.
"""

from __future__ import annotations

import contextlib
import heapq
import os
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import anyio
import anyio.to_thread

from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import is_session_id
from holdfast.stores.beside import ScanAside, Turns
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
    IdCollision,
    Missing,
    Move,
    Page,
    Refused,
    Saved,
    Scan,
    SetAside,
    Touch,
    Touched,
    Unknown,
)
from holdfast.stores.drivers.file_beside import BesideFiles
from holdfast.stores.drivers.file_errors import translated
from holdfast.stores.drivers.locked_file import (
    ATTEMPTS,
    LockedFile,
    WriteFailed,
    locked_file,
    make,
    require_directory,
    restless,
)
from holdfast.stores.file import FileStore

THREADS = 8
"""Operations that run at once on behalf of tasks."""


@contextmanager
def connect(store: FileStore) -> Iterator[Perform]:
    """Check the directory, and give a ``perform`` for many threads."""
    driver = _Driver(store)
    driver.check()
    yield driver.perform


@asynccontextmanager
async def aconnect(store: FileStore) -> AsyncIterator[APerform]:
    """As :func:`connect`, for tasks: each operation runs to its end in a worker thread."""
    driver = _Driver(store)
    await anyio.to_thread.run_sync(driver.check)
    limiter = anyio.CapacityLimiter(THREADS)

    async def perform(operation: Effect[Any]) -> Any:
        return await anyio.to_thread.run_sync(driver.perform, operation, limiter=limiter)

    yield perform


class _Driver:
    def __init__(self, store: FileStore) -> None:
        self._store = store
        self._beside = BesideFiles(store.directory, store.clock)
        self._turns = Turns()

    def check(self) -> None:
        """Raise unless the directory is there and ours to use."""
        with self._mapped():
            require_directory(self._store.directory)
            self._sweep()

    def perform(self, operation: Effect[Any]) -> Any:
        if isinstance(operation, Commit | Move | Delete) and operation.level != "fast":
            return Refused("files have no replicas")
        with self._mapped():
            result = self._performed(operation)
        if self._turns.due(operation):
            self._sweep()
        return result

    def _performed(self, operation: Effect[Any]) -> Any:
        match operation:
            case Find(sid):
                found = self._find(sid)
                return found or (self._beside.moved(sid) if self._beside.there else None)
            case Commit():
                return self._commit(operation)
            case Move():
                return self._move(operation)
            case Touch(sid, base, expires_at):
                return self._save(sid, base, None, expires_at)
            case Delete():
                return self._delete(operation)
            case SetAside():
                return self._beside.there and self._beside.set_aside(operation)
            case ScanAside():
                return self._beside.quarantine(operation)
            case Scan(cursor, batch):
                return self._scan(cursor, batch)
        raise TypeError(f"not an operation of a store: {type(operation).__name__}")

    def _find(self, sid: str) -> Found | None:
        with locked_file(self._store.path(sid), write=False, exclusive=False) as file:
            return self._found(file)

    def _commit(self, commit: Commit) -> Any:
        creates, write_id = commit.base is None, commit.write_id
        if not (creates or write_id) or not self._beside.there:
            return self._written(commit)
        with self._beside.held(commit.sid) as held:
            if commit.again and write_id in held.kept.writes:
                return Saved()
            if creates and held.kept.gone_until > self._store.clock():
                return Fenced()
            result = self._written(commit)
            if result == Saved() and write_id is not None:
                # It is saved, whatever becomes of this.
                with contextlib.suppress(OSError, WriteFailed):
                    held.note(write_id)
            return result

    def _written(self, commit: Commit) -> Any:
        if commit.base is None:
            return self._create(commit.sid, commit.data, commit.expires_at)
        return self._save(commit.sid, commit.base, commit.data, commit.expires_at)

    def _move(self, move: Move) -> Any:
        if not self._beside.there:
            return self._moved(move, lambda: None)
        with contextlib.ExitStack() as stack:
            # In one order, so that two movers never wait for each other.
            ids = sorted({move.sid, move.to})
            held = {sid: stack.enter_context(self._beside.held(sid)) for sid in ids}
            if move.again and move.write_id in held[move.to].kept.writes:
                return Saved()

            def tell() -> None:
                if move.grace is not None or move.fence_seconds:
                    held[move.sid].end(*self._store.ending(move))
                # Last: what fails before it leaves a session that has not moved.
                if move.write_id is not None:
                    held[move.to].note(move.write_id)

            return self._moved(move, tell)

    def _moved(self, move: Move, tell: Callable[[], None]) -> Any:
        """Move a session; ``tell`` writes down what is beside it, just before the old one ends."""
        old, new = self._store.path(move.sid), self._store.path(move.to)
        with locked_file(old, write=False, exclusive=True) as file:
            found = self._found(file)
            if file is None or found is None:
                return Gone()
            if found.data != move.base.data:
                return Conflict(found)
            if move.sid == move.to:
                return IdCollision()
            made = self._create(move.to, move.data, move.expires_at)
            if isinstance(made, Conflict):
                return IdCollision()
            try:
                if made == Saved() and file.in_place:
                    tell()
                    old.unlink(missing_ok=True)
                    return Saved()
            except WriteFailed as failed:
                made = Unknown(str(failed))
            except OSError:
                new.unlink(missing_ok=True)
                raise
            # PHP has destroyed the session meanwhile, or the new file is not whole.
            new.unlink(missing_ok=True)
            return Gone() if made == Saved() else made

    def _create(self, sid: str, data: bytes, expires_at: int) -> Conflict | Saved | Unknown:
        path = self._store.path(sid)
        for _ in range(ATTEMPTS):
            make(path)
            with locked_file(path, write=True, exclusive=True) as file:
                if file is None:
                    continue
                if found := self._found(file):
                    return Conflict(found)
                try:
                    file.rewrite(data, self._store.modified(expires_at))
                except WriteFailed as failed:
                    return Unknown(str(failed))
                # Unlinked meanwhile, by PHP's collector of expired files for one: make it anew.
                if file.in_place:
                    return Saved()
        raise restless()

    def _save(
        self, sid: str, base: Found, data: bytes | None, expires_at: int
    ) -> Saved | Touched | Conflict | Gone | Unknown:
        """Save, or with no data move the expiry alone."""
        modified = self._store.modified(expires_at)
        with locked_file(self._store.path(sid), write=True, exclusive=True) as file:
            found = self._found(file)
            if file is None or found is None:
                return Gone()
            if found.data != base.data or not file.whole:
                return Conflict(found)
            try:
                if data is None:
                    file.stamp(modified)
                else:
                    file.rewrite(data, modified)
            except WriteFailed as failed:
                return Unknown(str(failed))
            if not file.in_place:
                return Gone()
            return Touched() if data is None else Saved()

    def _delete(self, delete: Delete) -> Deleted | Missing | Elsewhere:
        sid = delete.sid
        if not (delete.fence_seconds and self._beside.there):
            return Deleted() if self._removed(sid) else Missing()
        now = self._store.clock()
        with self._beside.held(sid) as held:
            to = held.kept.to(now)
            held.fence(now + delete.fence_seconds)
            removed = self._removed(sid)
        if to is not None:
            return Elsewhere(to)
        return Deleted() if removed else Missing(remembered=True)

    def _removed(self, sid: str) -> bool:
        """Remove a file; whether it was a live session's."""
        path = self._store.path(sid)
        with locked_file(path, write=False, exclusive=True) as file:
            if file is None:
                return False
            try:
                path.unlink()
            except FileNotFoundError:
                return False
            return self._found(file) is not None

    def _scan(self, cursor: str | None, batch: int) -> Page:
        with os.scandir(self._store.directory) as entries:
            names = (entry.name for entry in entries if is_session_id(entry.name))
            rest = (name for name in names if cursor is None or name > cursor)
            # One more than asked for tells whether this page is the last.
            page = heapq.nsmallest(batch + 1, rest)
        sids = tuple(sid for sid in page[:batch] if self._listed(sid))
        return Page(sids, page[batch - 1] if len(page) > batch else None)

    def _listed(self, sid: str) -> bool:
        try:
            status = self._store.path(sid).lstat()
        except FileNotFoundError:
            return False
        regular = stat.S_ISREG(status.st_mode) and status.st_size > 0
        return regular and self._store.live(int(status.st_mtime))

    def _found(self, file: LockedFile | None) -> Found | None:
        if file is None or not file.data or not self._store.live(file.modified):
            return None
        return Found(file.data, self._store.expires_at(file.modified))

    def _sweep(self) -> None:
        with contextlib.suppress(OSError):
            if self._beside.there:
                self._beside.sweep()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        """Every error of the system becomes one of ours, here and nowhere else."""
        try:
            yield
        except OSError as error:
            raise translated(error, self._store.where) from error
