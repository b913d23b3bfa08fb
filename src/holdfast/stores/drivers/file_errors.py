"""What the errors of the file system mean for the file store."""

from __future__ import annotations

import errno

from holdfast.core.errors import StoreError, StoreMisconfigured, StoreReadOnly, StoreUnavailable


def translated(error: OSError, where: str) -> StoreError:
    """The error of ours for one of the system's."""
    why = error.strerror or type(error).__name__
    match error.errno:
        case errno.ENOENT | errno.ENOTDIR:
            return StoreMisconfigured(
                f"{where} is not a directory", hint="make it, or correct the path"
            )
        case errno.EACCES | errno.EPERM:
            return StoreMisconfigured(
                f"{where}: {why}", hint="run as the user that PHP runs as, or change its rights"
            )
        case errno.EROFS:
            return StoreReadOnly(f"{where}: {why}", hint="mount it writable")
        case errno.ENOSPC | errno.EDQUOT | errno.EFBIG:
            return StoreReadOnly(f"{where}: {why}", hint="make room; the session is as it was")
        case errno.EISDIR | errno.ELOOP | errno.ENXIO | errno.ESPIPE | errno.EAGAIN:
            return StoreMisconfigured(
                f"{where}: something else than a file has a session's name: {why}",
                hint="only Laravel and Holdfast may write into this directory",
            )
        case errno.ENOLCK | errno.EOPNOTSUPP:
            return StoreMisconfigured(
                f"{where}: its file system has no locks: {why}",
                hint="use a local file system, or another store",
            )
    return StoreUnavailable(
        f"{where}: {why}", hint="another process may hold a lock: `lslocks` lists them"
    )
