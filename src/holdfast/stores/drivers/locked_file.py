"""One file under its own lock: opened, locked, known to be the one that its path names, rewritten.

All functions raise OSError as the system does; TimeoutError when the lock was not to be had.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.laravel.payload import MAX_PAYLOAD_BYTES

LOCK_SECONDS = 5.0
"""How long to wait for a lock; PHP holds it for the write alone."""

MAX_BYTES = MAX_PAYLOAD_BYTES + 1
"""So much is read of a file: one byte more than what a codec takes, so that it refuses the rest."""

ATTEMPTS = 100
"""How often a file may be replaced under our hands before we give up."""

_POLL_SECONDS = 0.002

_MODE = 0o666
"""Less the umask, as PHP's file_put_contents: PHP must be able to read and write what we make."""


_BLANK = b" "
"""See `LockedFile.rewrite`."""


class WriteFailed(Exception):  # noqa: N818 - internal; becomes a result
    """A write failed half-way and the old bytes could not be put back."""


@dataclass(frozen=True, slots=True)
class LockedFile:
    """An open, locked file whose path named it when the lock was taken.

    Args:
        path: its path.
        fd: its descriptor; locked until it is closed.
        data: what it held then, MAX_BYTES of it at most.
        modified: its modification time then, whole epoch seconds.
    """

    path: Path
    fd: int
    data: bytes
    modified: int

    @property
    def whole(self) -> bool:
        """Whether ``data`` is all that it held."""
        return len(self.data) < MAX_BYTES

    @property
    def in_place(self) -> bool:
        """Whether its path still names it."""
        return _names(self.path, self.fd)

    def stamp(self, modified: int) -> None:
        """Set the modification time; only the file's owner may."""
        os.utime(self.fd, (modified, modified))

    def rewrite(self, data: bytes, modified: int) -> None:
        """Write in place; after an OSError the file is as it was.

        Between two system calls the file holds the old bytes or the new ones, with blanks behind
        them at most. Whatever Laravel reads a file with passes over those: unserialize,
        json_decode, and base64_decode of what is encrypted.

        Raises:
            WriteFailed: that could not be brought about.
        """
        # Before anything is changed: whether we may set the time, and whether there is room.
        self.stamp(modified)
        try:
            if self.data:
                _reserve(self.fd, len(self.data), len(data))
            _overwrite(self.fd, data)
            self.stamp(modified)
        except OSError as error:
            self._restore(error)
            raise

    def _restore(self, cause: OSError) -> None:
        try:
            _overwrite(self.fd, self.data)
            self.stamp(self.modified)
        except OSError:
            raise WriteFailed(f"the write failed half-way: {cause.strerror}") from cause


@contextmanager
def locked_file(path: Path, *, write: bool, exclusive: bool) -> Iterator[LockedFile | None]:
    """The file of a path, open and locked while in the block; None where there is none."""
    # Non-blocking, so that a pipe of that name does not hold us.
    flags = (os.O_RDWR if write else os.O_RDONLY) | os.O_NONBLOCK
    for _ in range(ATTEMPTS):
        fd = _opened(path, flags)
        if fd is None:
            yield None
            return
        try:
            _lock(fd, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            # Between open and lock PHP may have unlinked it, or made another one.
            if _names(path, fd):
                yield _read(path, fd)
                return
        finally:
            os.close(fd)
    raise restless()


def make(path: Path) -> None:
    """Make the empty file unless there is one."""
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE))


def require_directory(path: Path) -> None:
    """Raise unless a directory is there and ours to use."""
    if not path.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def restless() -> OSError:
    """The error for a path that never names the same file for long."""
    return OSError(errno.EBUSY, f"a file was replaced {ATTEMPTS} times while it was opened")


def _opened(path: Path, flags: int) -> int | None:
    try:
        return os.open(path, flags)
    except FileNotFoundError:
        if not path.parent.is_dir():
            raise
        return None


def _lock(fd: int, kind: int) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                why = f"a file stayed locked for {LOCK_SECONDS:g} s"
                raise TimeoutError(errno.ETIMEDOUT, why) from None
            time.sleep(_POLL_SECONDS)
        else:
            return


def _read(path: Path, fd: int) -> LockedFile:
    status = os.fstat(fd)
    data = b""
    while part := os.read(fd, min(max(status.st_size, 65_536), MAX_BYTES - len(data))):
        data += part
    return LockedFile(path, fd, data, status.st_mtime_ns // 1_000_000_000)


def _names(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def _reserve(fd: int, there: int, wanted: int) -> None:
    """Make the file larger, which fails where the disk is full, before its bytes are touched."""
    _write(fd, _BLANK * (wanted - there), there)


def _overwrite(fd: int, data: bytes) -> None:
    """Write over everything, then cut off the rest."""
    there = min(os.fstat(fd).st_size, MAX_BYTES)
    _write(fd, data.ljust(there, _BLANK), 0)
    os.ftruncate(fd, len(data))


def _write(fd: int, data: bytes, at: int) -> None:
    written = 0
    while written < len(data):
        written += os.pwrite(fd, data[written:], at + written)
