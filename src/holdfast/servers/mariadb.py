"""A MariaDB of our own: loopback only, a password, gone with its ``with`` block."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from holdfast.servers.data_directory import (
    DatabaseServer,
    data_directory,
    set_up,
    write_secret,
)
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.programs import require_program

PACKAGE = "mariadb-server"
SYSTEM_USER = "mysql"
USER = "holdfast"
"""The one user that can come in over TCP; it may do everything."""
DATABASE = "holdfast"

READY_SECONDS = 60.0

_SETTINGS = (
    "--skip-name-resolve",
    "--skip-log-bin",
    "--innodb-buffer-pool-size=64M",
    "--max-connections=200",
    # Written at each commit, so that a killed server loses nothing; not flushed to the disk.
    "--innodb-flush-log-at-trx-commit=2",
)


@contextmanager
def mariadb_server(directory: Path, port: int | None = None) -> Iterator[DatabaseServer]:
    """Make an empty data directory, start ``mariadbd`` and wait until it takes connections.

    Args:
        directory: existing; holds its log. The data is in a temporary directory of its own.
        port: loopback port; default: a free one.

    Raises:
        EnvironmentLacking: not installed, or it did not start.
    """
    install = require_program("mariadb-install-db", package=PACKAGE)
    mariadbd = require_program("mariadbd", package=PACKAGE)
    port = free_port() if port is None else port
    password = secrets.token_hex(16)
    # Started as root it changes to this user itself, once it has what only root can open.
    user = (f"--user={SYSTEM_USER}",) if os.geteuid() == 0 else ()
    with data_directory(SYSTEM_USER, PACKAGE) as home:
        data, door, first = home / "data", home / "door", home / "first.sql"
        # Each start takes away what it finds in the directory for temporary tables: not in /tmp,
        # where those of another server are.
        where = ("--no-defaults", *user, f"--datadir={data}", f"--tmpdir={home}")
        set_up(
            [install, *where, "--auth-root-authentication-method=normal", "--skip-test-db"], home
        )
        _write_first_statements(first, password)
        argv = [
            mariadbd,
            *where,
            *(f"--port={port}", f"--bind-address={LOOPBACK}", f"--socket={door}"),
            f"--init-file={first}",
            f"--pid-file={home / 'pid'}",
            *_SETTINGS,
        ]
        with Process(argv, directory, cwd=home, package=PACKAGE, secrets=(password,)) as process:
            # The socket file is in a directory of our own: who greets there is our own server.
            process.wait_ready(lambda: _greets(door), READY_SECONDS)
            # It is read at each start; no password lies about.
            first.write_text("")
            yield DatabaseServer(
                port=port,
                username=USER,
                database=DATABASE,
                data=home,
                process=process,
                password=password,
                url=f"mysql://{USER}:{password}@{LOOPBACK}:{port}/{DATABASE}",
            )


def _write_first_statements(path: Path, password: str) -> None:
    """What it runs before it takes connections; root keeps no way in over TCP."""
    statements = (
        f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;",
        f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{password}';",
        f"GRANT ALL ON *.* TO '{USER}'@'%' WITH GRANT OPTION;",
        "DELETE FROM mysql.global_priv WHERE User = 'root' AND Host <> 'localhost';",
        "FLUSH PRIVILEGES;",
    )
    write_secret(path, "\n".join(statements) + "\n")


def _greets(door: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        try:
            connection.connect(str(door))
            greeting = connection.recv(5)
        except OSError:
            return False
    # The header of a packet, and the version of the protocol; an error packet has 255 there.
    return len(greeting) == 5 and greeting[4] == 10
