"""The startup probe of pods in a mesh, run against servers, and a proxy with nobody behind it."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from holdfast.kube.web import probes
from holdfast.servers.ports import LOOPBACK
from holdfast.servers.programs import require_program

from .conftest import application

IN_POSTGRESQL: dict[str, Any] = {
    "session": {"driver": "database"},
    "database": {"driver": "pgsql", "host": "db.example.com"},
}
IN_MYSQL: dict[str, Any] = {
    "session": {"driver": "database"},
    "database": {"driver": "mysql", "host": "db.example.com"},
}
IN_MEMCACHED: dict[str, Any] = {
    "session": {"driver": "memcached", "store": {"external": {"host": "cache.example.com"}}}
}
BY_TLS: dict[str, Any] = {"session": {"store": {"external": {"host": "redis", "tls": True}}}}


@contextmanager
def somebody(answer: bytes | None, heard: list[bytes], *, first: bool = False) -> Iterator[int]:
    """A port where a connection is taken; with None it is closed then, as proxies do.

    Args:
        heard: what was said is put here.
        first: whether the answer comes before anything is said.
    """

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(5)
            if answer is None:
                return
            if not first:
                heard.append(connection.recv(64))
            connection.sendall(answer)
            connection.recv(64)

    with socket.create_server((LOOPBACK, 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def _asks(port: int, prefix: str, **spec: Any) -> subprocess.CompletedProcess[str]:
    probe = probes.store(application(**spec))
    assert probe is not None
    _, *arguments = probe["exec"]["command"]
    return subprocess.run(
        [require_program("php", package="php8.2-cli"), *arguments],
        env={
            "PATH": os.environ["PATH"],
            f"{prefix}_HOST": LOOPBACK,
            f"{prefix}_PORT": str(port),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("spec", "prefix", "said", "answer"),
    [
        ({}, "REDIS", b"PING\r\n", b"-NOAUTH Authentication required.\r\n"),
        (IN_POSTGRESQL, "DB", b"\0\0\0\x08\x04\xd2\x16\x2f", b"N"),
        (IN_MYSQL, "DB", None, b"J\0\0\0\x0a8.4.0"),
        (IN_MEMCACHED, "MEMCACHED", b"version\r\n", b"VERSION 1.6.18\r\n"),
    ],
)
@pytest.mark.parametrize("mesh", [{"istio": {"mode": "ambient"}}, {"linkerd": {}}])
def test_whoever_answers_is_there(
    spec: Any, prefix: str, said: bytes | None, answer: bytes, mesh: Any
) -> None:
    heard: list[bytes] = []
    with somebody(answer, heard, first=said is None) as port:
        there = _asks(port, prefix, mesh=mesh, **spec)

    assert (there.returncode, there.stderr) == (0, "")
    assert heard == ([] if said is None else [said])


@pytest.mark.parametrize(
    ("spec", "prefix"),
    [({}, "REDIS"), (IN_MYSQL, "DB"), (IN_MEMCACHED, "MEMCACHED"), (BY_TLS, "REDIS")],
)
def test_a_proxy_with_nobody_behind_it_is_no_store(spec: Any, prefix: str) -> None:
    with somebody(None, []) as port:
        told = _asks(port, prefix, mesh={"istio": {}}, **spec)

    assert told.returncode == 1
    assert f"{LOOPBACK}:{port} does not answer" in told.stderr


def test_a_store_by_tls_is_asked_for_its_handshake() -> None:
    heard: list[bytes] = []
    with somebody(b"\x15\x03\x03\x00\x02\x02\x28", heard) as port:
        told = _asks(port, "REDIS", mesh={"istio": {}}, **BY_TLS)

    assert heard[0][:2] == b"\x16\x03"
    assert told.returncode == 1


def test_without_a_mesh_a_connection_is_enough() -> None:
    with somebody(None, []) as port:
        assert _asks(port, "REDIS").returncode == 0
