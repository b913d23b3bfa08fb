"""What lies beside session files: ``.holdfast``, one file an id, and the quarantine below it.

A file holds the last writes of its id, until when nothing is created under it, and where its
session moved; its modification time is when all of that is over. Its lock is taken before that of
the session's own file, never after, so that a create and the fence that forbids it come one after
the other. Laravel's collector (FileSessionHandler::gc, 8 to 13) passes over names with a dot.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast.core.clock import Clock
from holdfast.laravel.names import is_session_id
from holdfast.stores.beside import (
    ASIDE_BYTES,
    ASIDE_ENTRIES,
    ASIDE_SECONDS,
    WRITE_SECONDS,
    WRITES,
    Aside,
    AsidePage,
    ScanAside,
    paged,
)
from holdfast.stores.contract import Moved, SetAside
from holdfast.stores.drivers.locked_file import ATTEMPTS, LockedFile, locked_file, make, restless

ROOM = ".holdfast"

ENTRY_BYTES = ASIDE_BYTES + 256
"""Of a file in the quarantine: the bytes, and before them a line with the reason."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is kept of one id; instants are epoch seconds."""

    writes: tuple[str, ...] = ()
    gone_until: int = 0
    moved: Moved | None = field(default=None, repr=False)
    moved_until: int = 0

    def to(self, now: int) -> str | None:
        """Where the session has moved, for a delete: while readers are led or the id is fenced."""
        over = max(self.gone_until, self.moved_until) <= now
        return None if self.moved is None or over else self.moved.to

    def encoded(self) -> bytes:
        """As it stands in the file."""
        moved = None if self.moved is None else [self.moved.to, self.moved.seal.hex()]
        fields = [list(self.writes), self.gone_until, moved, self.moved_until]
        return json.dumps(fields).encode()

    @classmethod
    def decoded(cls, data: bytes) -> Kept:
        """From a file; nothing where it is empty or was cut by a crash."""
        try:
            writes, gone_until, moved, moved_until = json.loads(data)
            to = None if moved is None else Moved(str(moved[0]), bytes.fromhex(moved[1]))
            return cls(tuple(map(str, writes)), int(gone_until), to, int(moved_until))
        except (ValueError, TypeError, IndexError):
            return cls()


@dataclass(slots=True)
class Held:
    """One id's file, locked."""

    kept: Kept
    _file: LockedFile
    _now: int

    def note(self, write_id: str) -> None:
        """Remember a write."""
        self._write(replace(self.kept, writes=(write_id, *self.kept.writes)[:WRITES]))

    def end(self, gone_until: int, moved: Moved, moved_until: int) -> None:
        """Fence the id that a move leaves, and lead its readers elsewhere."""
        gone_until = max(gone_until, self.kept.gone_until)
        self._write(Kept(self.kept.writes, gone_until, moved, moved_until))

    def fence(self, gone_until: int) -> None:
        """Fence the id; where its session has moved is remembered as long."""
        moved = None if self.kept.to(self._now) is None else self.kept.moved
        gone_until = max(gone_until, self.kept.gone_until)
        self._write(replace(self.kept, gone_until=gone_until, moved=moved))

    def _write(self, kept: Kept) -> None:
        remembered = self._now + WRITE_SECONDS if kept.writes else 0
        self._file.rewrite(kept.encoded(), max(remembered, kept.gone_until, kept.moved_until))
        self.kept = kept


class BesideFiles:
    """All that lies beside the sessions of one directory.

    Args:
        directory: that of the sessions.
        clock: what judges when something is over.
    """

    def __init__(self, directory: Path, clock: Clock) -> None:
        self._room = directory / ROOM
        self._clock = clock

    @property
    def there(self) -> bool:
        """Whether it can be used: it is made when it is needed first."""
        if self._room.exists():
            return self._room.is_dir() and os.access(self._room, os.R_OK | os.W_OK | os.X_OK)
        return os.access(self._room.parent, os.W_OK | os.X_OK)

    def moved(self, sid: str) -> Moved | None:
        """Where the session of an id is now, for its readers."""
        if not self._room.is_dir():
            return None
        with locked_file(self._room / sid, write=False, exclusive=False) as file:
            kept = Kept() if file is None else Kept.decoded(file.data)
        return kept.moved if kept.moved_until > self._clock() else None

    @contextmanager
    def held(self, sid: str) -> Iterator[Held]:
        """Hold what is kept of an id against everybody but PHP."""
        with self._locked(self._room / sid) as file:
            yield Held(Kept.decoded(file.data), file, self._clock())

    def set_aside(self, broken: SetAside) -> bool:
        """Keep bytes in the quarantine; whether they are kept."""
        folder = self._room / "aside"
        digest = hashlib.sha256(broken.data).hexdigest()[:16]
        path = folder / f"{broken.sid}-{digest}"
        with self._locked(self._room / "aside.lock"):
            folder.mkdir(exist_ok=True)
            kept = self._unforgotten(folder)
            if path.name in kept:
                return True
            if len(kept) >= ASIDE_ENTRIES:
                return False
            self._put(path, broken.reason.encode() + b"\n" + broken.data)
        return True

    def quarantine(self, scan: ScanAside) -> AsidePage:
        """Some of its entries. Nothing is locked: each came to its name whole."""
        folder = self._room / "aside"
        try:
            with os.scandir(folder) as entries:
                kept = [
                    entry.name
                    for entry in entries
                    if not entry.name.startswith(".") and not self._over(entry, ASIDE_SECONDS)
                ]
        except (FileNotFoundError, NotADirectoryError):
            kept = []
        names, more = paged(scan, kept)
        read = (self._entry(folder / name) for name in names)
        return AsidePage(tuple(entry for entry in read if entry is not None), more)

    def sweep(self) -> None:
        """Remove what is over; the quarantine sees to itself."""
        with contextlib.suppress(FileNotFoundError), os.scandir(self._room) as entries:
            for entry in entries:
                if is_session_id(entry.name) and self._over(entry):
                    self._forget(self._room / entry.name)

    def _forget(self, path: Path) -> None:
        with locked_file(path, write=False, exclusive=True) as file:
            if file is not None and file.modified <= self._clock():
                path.unlink(missing_ok=True)

    def _over(self, entry: os.DirEntry[str], seconds: int = 0) -> bool:
        try:
            return entry.stat(follow_symlinks=False).st_mtime + seconds <= self._clock()
        except FileNotFoundError:
            return False

    def _unforgotten(self, folder: Path) -> set[str]:
        """The names in the quarantine, after those whose time is over were removed."""
        with os.scandir(folder) as entries:
            there = {entry.name: self._over(entry, ASIDE_SECONDS) for entry in entries}
        for name in (name for name, over in there.items() if over):
            (folder / name).unlink(missing_ok=True)
        return {name for name, over in there.items() if not over and not name.startswith(".")}

    def _put(self, path: Path, data: bytes) -> None:
        # Under another name first: what a crash cuts is no entry.
        part = path.with_name(".part")
        try:
            part.write_bytes(data)
            os.utime(part, (self._clock(), self._clock()))
            part.rename(path)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _entry(self, path: Path) -> Aside | None:
        try:
            with path.open("rb") as file:
                at = int(os.fstat(file.fileno()).st_mtime)
                reason, _, data = file.read(ENTRY_BYTES).partition(b"\n")
        except FileNotFoundError:
            return None
        return Aside(path.name.partition("-")[0], data, reason.decode(errors="replace"), at)

    @contextmanager
    def _locked(self, path: Path) -> Iterator[LockedFile]:
        for _ in range(ATTEMPTS):
            try:
                make(path)
            except FileNotFoundError:
                # Not the directory of the sessions: if that is gone, this fails.
                self._room.mkdir(exist_ok=True)
                continue
            with locked_file(path, write=True, exclusive=True) as file:
                if file is not None:
                    yield file
                    return
        raise restless()
