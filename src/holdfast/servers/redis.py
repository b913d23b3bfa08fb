"""A Redis of our own: no persistence, loopback only, gone with its ``with`` block."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.process import Process

PACKAGE = "redis-server"


@dataclass(frozen=True, slots=True)
class RedisServer:
    """A started Redis. ``url`` names database 0, ``redis://127.0.0.1:PORT/0``."""

    port: int
    url: str
    process: Process


@contextmanager
def redis_server(
    directory: Path,
    port: int | None = None,
    *,
    arguments: Sequence[str] = (),
    password: str | None = None,
) -> Iterator[RedisServer]:
    """Start ``redis-server`` in an existing directory and wait until it answers.

    Args:
        directory: its working directory; holds its log.
        port: loopback port; default: a free one.
        arguments: more options, ``("--maxmemory", "10mb")``.
        password: what clients must AUTH with; not part of ``url``.

    Raises:
        EnvironmentLacking: not installed, or it did not start.
    """
    port = free_port() if port is None else port
    argv = [
        PACKAGE,
        *("--port", str(port), "--bind", LOOPBACK, "--dir", str(directory)),
        *("--save", "", "--appendonly", "no"),
        *(("--requirepass", password) if password is not None else ()),
        *arguments,
    ]
    secrets = () if password is None else (password,)
    with Process(argv, directory, package=PACKAGE, secrets=secrets) as process:
        process.wait_ready(lambda: answers(port, process.pid, password))
        yield RedisServer(port=port, url=f"redis://{LOOPBACK}:{port}/0", process=process)


def ask(port: int, command: str, password: str | None = None, seconds: float = 30.0) -> str:
    """What a Redis or Sentinel on a loopback port answers to one command, as it came.

    Empty where it does not answer, or says nothing for so many seconds. Connects anew each time.
    """
    login = "" if password is None else f"AUTH {password}\r\n"
    try:
        with socket.create_connection((LOOPBACK, port), timeout=seconds) as connection:
            connection.sendall(f"{login}{command}\r\n".encode())
            # Sentinel knows no QUIT.
            connection.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    except OSError:
        return ""
    return answer.decode(errors="replace")


def answers(port: int, pid: int, password: str | None = None) -> bool:
    """Whether it is the server of this process id that answers on the port, not another one.

    A stranger may say nothing for ever, and ours has ended meanwhile: asked over and over, briefly.
    """
    return f"process_id:{pid}\r\n" in ask(port, "INFO server", password, seconds=1)
