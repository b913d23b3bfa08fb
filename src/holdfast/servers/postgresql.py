"""A PostgreSQL of our own: loopback only, a password, gone with its ``with`` block."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.data_directory import (
    DatabaseServer,
    as_user,
    data_directory,
    set_up,
    write_secret,
)
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.programs import find_program

PACKAGE = "postgresql"
USER = "postgres"
"""The operating system's user where we are root, and the superuser in the database."""

READY_SECONDS = 60.0

_DEBIAN = Path("/usr/lib/postgresql")
_SETTINGS = {
    # What a killed server wrote is safe without it; a killed machine's rehearsal is over anyway.
    "fsync": "off",
    "max_connections": "200",
    # Not in /dev/shm, where a killed server would leave it.
    "dynamic_shared_memory_type": "mmap",
}


@contextmanager
def postgresql_server(directory: Path, port: int | None = None) -> Iterator[DatabaseServer]:
    """Make an empty cluster, start ``postgres`` and wait until it takes connections.

    Args:
        directory: existing; holds its log. The data is in a temporary directory of its own.
        port: loopback port; default: a free one.

    Raises:
        EnvironmentLacking: not installed, or it did not start.
    """
    initdb, postgres = _programs()
    port = free_port() if port is None else port
    password = secrets.token_hex(16)
    with data_directory(USER, PACKAGE) as home:
        data = home / "data"
        before = as_user(USER)
        secret = home / "password"
        write_secret(secret, password + "\n")
        where = ("-D", str(data), "-U", USER, "-E", "UTF8", "--locale=C.UTF-8")
        options = ("-A", "scram-sha-256", f"--pwfile={secret}", "--no-sync", "--no-instructions")
        set_up([*before, initdb, *where, *options], home)
        secret.unlink()
        argv = [
            *before,
            *(postgres, "-D", str(data), "-p", str(port), "-h", LOOPBACK, "-k", str(home)),
            *(word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")),
        ]
        # SIGINT ends its sessions; on SIGTERM it would wait for them to end by themselves.
        with Process(
            argv,
            directory,
            name="postgres",
            cwd=home,
            package=PACKAGE,
            stop_signal=SIGINT,
            secrets=(password,),
        ) as process:
            process.wait_ready(lambda: _ready(data, process.pid), READY_SECONDS)
            yield DatabaseServer(
                port=port,
                username=USER,
                database="postgres",
                data=home,
                process=process,
                password=password,
                url=f"postgresql://{USER}:{password}@{LOOPBACK}:{port}/postgres",
            )


def _programs() -> tuple[str, str]:
    """Initdb and postgres of one version, the newest of Debian's unless they are in PATH."""
    if (initdb := find_program("initdb")) and (postgres := find_program("postgres")):
        return initdb, postgres
    versions = [path for path in _DEBIAN.glob("*/bin") if (path / "initdb").exists()]
    if not versions:
        raise EnvironmentLacking(
            "postgres is not installed", hint=f"as root: apt install {PACKAGE}"
        )
    newest = max(versions, key=lambda path: int(path.parent.name))
    return str(newest / "initdb"), str(newest / "postgres")


def _ready(data: Path, pid: int) -> bool:
    """Whether our own server says that it takes connections (miscadmin.h, postmaster.pid)."""
    lines: list[str] = []
    with contextlib.suppress(OSError):
        lines = (data / "postmaster.pid").read_text().splitlines()
    return len(lines) >= 8 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"
