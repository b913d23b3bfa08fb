"""The I/O of locks in files: each operation under an exclusive flock on the lock's own file."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from holdfast.core.flow import APerform, Effect, Perform
from holdfast.stores.drivers.file import THREADS
from holdfast.stores.drivers.file_errors import translated
from holdfast.stores.drivers.locked_file import (
    ATTEMPTS,
    WriteFailed,
    locked_file,
    make,
    require_directory,
    restless,
)
from holdfast.stores.file_locks import FileLocks
from holdfast.stores.locks import Acquire, Held, Locked, Release, Unknown


@contextmanager
def connect(locks: FileLocks) -> Iterator[Perform]:
    """Check the directory, and give a ``perform`` for many threads."""
    _check(locks)
    yield lambda operation: _perform(locks, operation)


@asynccontextmanager
async def aconnect(locks: FileLocks) -> AsyncIterator[APerform]:
    """As :func:`connect`, for tasks: each operation runs to its end in a worker thread."""
    await anyio.to_thread.run_sync(_check, locks)
    limiter = anyio.CapacityLimiter(THREADS)

    async def perform(operation: Effect[Any]) -> Any:
        return await anyio.to_thread.run_sync(_perform, locks, operation, limiter=limiter)

    yield perform


def _check(locks: FileLocks) -> None:
    with _mapped(locks):
        require_directory(locks.directory)


def _perform(locks: FileLocks, operation: Effect[Any]) -> Any:
    with _mapped(locks):
        match operation:
            case Acquire():
                return _acquire(locks, operation)
            case Release(key, owner):
                return _release(locks, key, owner)
    raise TypeError(f"not an operation of locks: {type(operation).__name__}")


def _acquire(locks: FileLocks, acquire: Acquire) -> Locked | Held | Unknown:
    path = locks.path(acquire.key)
    for _ in range(ATTEMPTS):
        # `cache:clear` takes the directories away too.
        with contextlib.suppress(FileNotFoundError):
            _make(path)
            with locked_file(path, write=True, exclusive=True) as file:
                if file is None:
                    continue
                if locks.holder(file.data) not in (None, locks.spelt(acquire.owner)):
                    return Held()
                now = locks.clock()
                try:
                    file.rewrite(locks.content(acquire.owner, now + acquire.seconds), now)
                except WriteFailed as failed:
                    return Unknown(str(failed))
                # Laravel unlinks an expired lock when it looks at it.
                if file.in_place:
                    return Locked()
    raise restless()


def _release(locks: FileLocks, key: str, owner: str) -> bool:
    path = locks.path(key)
    if not path.parent.is_dir():
        return False
    with locked_file(path, write=False, exclusive=True) as file:
        if file is None or locks.holder(file.data) != locks.spelt(owner):
            return False
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        return True


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)


@contextmanager
def _mapped(locks: FileLocks) -> Iterator[None]:
    """Every error of the system becomes one of ours, here and nowhere else."""
    try:
        yield
    except OSError as error:
        raise translated(error, locks.where) from error
