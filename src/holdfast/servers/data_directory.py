"""What the servers of databases share: their data, the user that owns it, what is told of one."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.process import Process
from holdfast.servers.programs import require_program


@dataclass(frozen=True, slots=True)
class DatabaseServer:
    """A started server of databases.

    Args:
        port: where it listens, on loopback.
        username, password: a user that may do everything.
        database: an empty database.
        data: the temporary directory with all that it writes, which a guardian must know of.
        process: the server; ended by its id.
        url: the store's URL of the empty database, the password included.
    """

    port: int
    username: str
    password: str = field(repr=False)
    database: str
    data: Path
    process: Process
    url: str = field(repr=False)


_ERROR = re.compile(r"\[ERROR\]|: error: ")
"""In what mariadbd and initdb say of what went wrong; more lines follow it."""

SETUP_SECONDS = 120
"""How long the making of an empty data directory may take; seconds, as a rule."""


@contextmanager
def data_directory(user: str, package: str) -> Iterator[Path]:
    """An empty directory with a short path, removed at the end; if we are root, ``user`` owns it.

    It is made among the temporary ones, not below a directory of ours: those keep other users out.

    Raises:
        EnvironmentLacking: there is no such user.
    """
    path = Path(tempfile.mkdtemp(prefix=f"holdfast-{user}-"))
    try:
        if os.geteuid() == 0:
            try:
                entry = pwd.getpwnam(user)
            except KeyError:
                raise EnvironmentLacking(
                    f"there is no user {user}", hint=f"as root: apt install {package}"
                ) from None
            os.chown(path, entry.pw_uid, entry.pw_gid)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def write_secret(path: Path, text: str) -> None:
    """A file that only the owner of its directory can read."""
    path.touch(mode=0o600)
    path.write_text(text)
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def as_user(user: str) -> Sequence[str]:
    """What stands before a program that must not run as root; nothing where we are not root.

    setpriv becomes the program; runuser and su would stay its parent, and signals meant for the
    program would reach them.
    """
    if os.geteuid() != 0:
        return ()
    setpriv = require_program("setpriv", package="util-linux")
    return (setpriv, f"--reuid={user}", f"--regid={user}", "--init-groups", "--")


def set_up(argv: Sequence[str], cwd: Path) -> None:
    """Run the program that fills a data directory.

    Raises:
        EnvironmentLacking: it failed; the first error that it named is quoted, else its last line.
    """
    done = subprocess.run(
        argv,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SETUP_SECONDS,
        check=False,
    )
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines() or ["it said nothing"]
        said = next((line for line in lines if _ERROR.search(line)), lines[-1])
        raise EnvironmentLacking(
            f"an empty database could not be made: {said}",
            hint="is there room on the disk, and may other users enter the temporary directory?",
        )
