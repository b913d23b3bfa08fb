"""Reads files of a project: bounded, regular ones only, with one clear error each."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking

MAX_CONFIG_BYTES = 1024 * 1024
"""A configuration file or ``.env``; real ones have a hundredth of it."""

MAX_CODE_BYTES = 256 * 1024
"""A file of an application's own code; real ones have a hundredth of it."""

MAX_LOCK_BYTES = 16 * 1024 * 1024
"""``composer.lock``; those of large applications have about 1 MB."""


def read(path: Path, limit: int = MAX_CONFIG_BYTES) -> bytes | None:
    """The bytes of a file; None where there is none.

    Raises:
        EnvironmentLacking: it cannot be read, is not a regular file, or has more than ``limit``
            bytes.
    """
    try:
        # Without O_NONBLOCK a named pipe would keep us for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise _unreadable(path, error) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise EnvironmentLacking(
                f"{path} is not a regular file", hint="name a checked-out Laravel project"
            )
        return _all(descriptor, path, limit)
    except OSError as error:
        raise _unreadable(path, error) from error
    finally:
        os.close(descriptor)


def _all(descriptor: int, path: Path, limit: int) -> bytes:
    data = bytearray()
    while chunk := os.read(descriptor, limit + 1 - len(data)):
        data += chunk
        if len(data) > limit:
            raise EnvironmentLacking(
                f"{path} has more than {limit} bytes and is not read",
                hint="is this file what its name says?",
            )
    return bytes(data)


def _unreadable(path: Path, error: OSError) -> EnvironmentLacking:
    return EnvironmentLacking(
        f"cannot read {path}: {error.strerror}",
        hint="run as a user who may read the project, and mend its links",
    )
