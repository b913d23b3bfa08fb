"""Where the servers' programs are, also for people whose PATH leaves out ``sbin``."""

from __future__ import annotations

import contextlib
import os
import shutil
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking

_ADMIN_DIRECTORIES = ("/usr/local/sbin", "/usr/sbin", "/sbin")


def find_program(*names: str) -> str | None:
    """The path of the first of these programs that is there, or None.

    A name may be a pattern, ``php-fpm[0-9]*``: of the programs that fit, the one whose name sorts
    last, which of ``php-fpm7.4`` and ``php-fpm8.2`` is the newer one.
    """
    search = os.pathsep.join((os.environ.get("PATH", os.defpath), *_ADMIN_DIRECTORIES))
    for name in names:
        if "*" not in name:
            if found := shutil.which(name, path=search):
                return found
            continue
        there = [path for directory in search.split(os.pathsep) for path in _fit(directory, name)]
        if newest := max(there, key=lambda path: path.name, default=None):
            return str(newest)
    return None


def require_program(*names: str, package: str) -> str:
    """As :func:`find_program`.

    Args:
        *names: as there; the first is named in the message.
        package: the Debian package that has it, for the hint.

    Raises:
        EnvironmentLacking: none of them is there.
    """
    if found := find_program(*names):
        return found
    raise EnvironmentLacking(f"{names[0]} is not installed", hint=f"as root: apt install {package}")


def _fit(directory: str, pattern: str) -> list[Path]:
    # A PATH may well name directories that are not there, or not ours to read.
    with contextlib.suppress(OSError):
        return [
            path
            for path in Path(directory).iterdir()
            if path.match(pattern) and os.access(path, os.X_OK)
        ]
    return []
