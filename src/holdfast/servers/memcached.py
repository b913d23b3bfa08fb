"""A memcached of our own: loopback only, gone with its ``with`` block."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process
from holdfast.servers.programs import require_program

PACKAGE = "memcached"

_ASK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class MemcachedServer:
    """A started memcached, on a loopback port."""

    port: int
    process: Process

    def flush(self) -> None:
        """Invalidate everything that it holds, as ``artisan cache:clear`` does it (``flush_all``;
        Illuminate/Cache/MemcachedStore.php, ``flush``).

        Raises:
            EnvironmentLacking: it does not answer.
        """
        if ask(self.port, b"flush_all") != b"OK\r\n":
            raise EnvironmentLacking(
                f"memcached on port {self.port} was not flushed: it does not answer",
                hint="did something end it? its log is gone with the run",
            )


@contextmanager
def memcached_server(directory: Path, port: int | None = None) -> Iterator[MemcachedServer]:
    """Start ``memcached`` and wait until it answers.

    Args:
        directory: existing; holds its log.
        port: loopback port; default: a free one.

    Raises:
        EnvironmentLacking: not installed, or it did not start.
    """
    program = require_program(PACKAGE, package=PACKAGE)
    port = free_port() if port is None else port
    # It refuses to run as root, and takes no notice of -u where we are not.
    argv = [program, "-u", "nobody", "-l", LOOPBACK, "-p", str(port)]
    with Process(argv, directory, package=PACKAGE) as process:
        process.wait_ready(lambda: b"STAT pid %d\r\n" % process.pid in ask(port, b"stats"))
        yield MemcachedServer(port, process)


def ask(port: int, command: bytes) -> bytes:
    """What a memcached on a loopback port answers to one command; empty where it does not."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=_ASK_SECONDS) as connection:
            connection.sendall(command + b"\r\nquit\r\n")
            return b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError:
        return b""
