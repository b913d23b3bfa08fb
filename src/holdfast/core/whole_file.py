"""Writes a file in one step: nobody reads half of it, and nothing is written through a link."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def write_whole(path: Path, content: bytes, *, private: bool = False) -> None:
    """Put a file in its place.

    A link at ``path`` is replaced; what it leads to stays as it is. The content is never there
    with more rights than at the end.

    Args:
        path: in a directory that is there.
        content: all of it.
        private: for its owner alone (0600), whatever is there now; otherwise it has the rights of
            the file that it replaces, or those of every new one.

    Raises:
        OSError: it cannot be written; what was there still is.
    """
    # Not a name that can be known before, at which somebody could have put a link.
    new = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    mode = None if private else _mode(path)
    try:
        with os.fdopen(os.open(new, flags, 0o600 if private or mode else 0o666), "wb") as file:
            file.write(content)
            if mode is not None:
                os.fchmod(file.fileno(), mode)
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def _mode(path: Path) -> int | None:
    """The rights of a file; None where there is none."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return status.st_mode & 0o777 if stat.S_ISREG(status.st_mode) else None
