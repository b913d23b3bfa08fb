"""The startup probe of web pods, run against servers, and proxies with nobody behind them."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from holdfast.kube.web import deployment, store_probe
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.programs import require_program

from .conftest import application

Spec = dict[str, Any]

REDIS: Spec = {}
OWN: Spec = {"session": {"store": {"single": {}, "variables": "SESSION_REDIS"}}}
POSTGRESQL: Spec = {
    "session": {"driver": "database"},
    "database": {"driver": "pgsql", "host": "db.example.com"},
}
MYSQL: Spec = {
    "session": {"driver": "database"},
    "database": {"driver": "mysql", "host": "db.example.com"},
}
MEMCACHED: Spec = {
    "session": {"driver": "memcached", "store": {"external": {"host": "cache.example.com"}}}
}

PING, NOAUTH = b"PING\r\n", b"-NOAUTH Authentication required.\r\n"
SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"
GREETING = b"J\0\0\0\x0a8.4.0\0"


@contextmanager
def somebody(answer: bytes | None, heard: list[bytes], *, first: bool = False) -> Iterator[int]:
    """The port of one who takes a connection; with None it is closed then, as proxies do.

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


def asked(spec: Spec, environment: dict[str, str]) -> tuple[int, str]:
    """Exit status and words of the probe in a pod with this environment."""
    probe = store_probe.probe(application(**spec))
    assert probe is not None
    _, *arguments = probe["exec"]["command"]
    told = subprocess.run(
        [require_program("php", package="php8.2-cli"), *arguments],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stdout == ""
    return told.returncode, told.stderr.strip()


def there(prefix: str, port: int) -> dict[str, str]:
    return {f"{prefix}_HOST": LOOPBACK, f"{prefix}_PORT": str(port)}


@pytest.mark.parametrize(
    ("spec", "prefix", "said", "answer"),
    [
        (REDIS, "REDIS", PING, NOAUTH),
        (REDIS, "REDIS", PING, b"+PONG\r\n"),
        (OWN, "SESSION_REDIS", PING, NOAUTH),
        (POSTGRESQL, "DB", SSL_REQUEST, b"N"),
        (POSTGRESQL, "DB", SSL_REQUEST, b"S"),
        (MYSQL, "DB", None, GREETING),
        (MEMCACHED, "MEMCACHED", b"version\r\n", b"VERSION 1.6.18\r\n"),
    ],
)
def test_who_answers_as_one_of_its_kind_is_there(
    spec: Spec, prefix: str, said: bytes | None, answer: bytes
) -> None:
    heard: list[bytes] = []
    with somebody(answer, heard, first=said is None) as port:
        assert asked(spec, there(prefix, port)) == (0, "")
    assert heard == ([] if said is None else [said])


@pytest.mark.parametrize(
    ("spec", "prefix", "answer", "says"),
    [
        (REDIS, "REDIS", b"-LOADING Redis is loading\r\n", "-LOADING Redis is loading"),
        (REDIS, "REDIS", b"HTTP/1.1 400 Bad Request\r\n", "HTTP/1.1 400 Bad Request"),
        (MYSQL, "DB", b"\x17\0\0\0\xff\x10\x04Too many connections", "Too many connections"),
    ],
)
def test_who_answers_otherwise_cannot_take_sessions(
    spec: Spec, prefix: str, answer: bytes, says: str
) -> None:
    with somebody(answer, [], first=spec is MYSQL) as port:
        status, told = asked(spec, there(prefix, port))
    assert status == 1
    assert says in told


@pytest.mark.parametrize(
    ("spec", "prefix"),
    [(REDIS, "REDIS"), (MYSQL, "DB"), (POSTGRESQL, "DB"), (MEMCACHED, "MEMCACHED")],
)
def test_a_proxy_with_nobody_behind_it_is_no_store(spec: Spec, prefix: str) -> None:
    with somebody(None, []) as port:
        status, told = asked(spec, there(prefix, port))
    assert (status, told) == (1, f"The session store at tcp://{LOOPBACK}:{port} says: nothing")


@pytest.mark.parametrize(
    ("spec", "prefix"),
    [(REDIS, "REDIS"), (MYSQL, "DB"), (POSTGRESQL, "DB"), (MEMCACHED, "MEMCACHED")],
)
def test_nobody_is_no_store(spec: Spec, prefix: str) -> None:
    port = free_port()
    status, told = asked(spec, there(prefix, port))
    assert status == 1
    assert told.startswith(f"The session store at tcp://{LOOPBACK}:{port} cannot be reached: ")


def test_memcached_with_a_password_takes_no_word_that_is_not_binary() -> None:
    heard: list[bytes] = []
    with somebody(None, heard) as port:
        said = there("MEMCACHED", port) | {"MEMCACHED_PASSWORD": "secret"}
        assert asked(MEMCACHED, said) == (0, "")
    assert heard == []


@pytest.mark.parametrize(
    ("spec", "environment"),
    [
        (REDIS, {"REDIS_URL": "redis://user:p%40ss@HOST:PORT/0", "REDIS_HOST": "nowhere"}),
        (POSTGRESQL, {"DB_URL": "pgsql://u:p@HOST:PORT/shop", "DB_HOST": ""}),
        (POSTGRESQL | {"laravel": 10}, {"DATABASE_URL": "pgsql://u:p@HOST:PORT/shop"}),
    ],
)
def test_an_url_goes_before_host_and_port(spec: Spec, environment: dict[str, str]) -> None:
    with somebody(b"S" if spec is not REDIS else NOAUTH, []) as port:
        told = {
            name: value.replace("HOST", LOOPBACK).replace("PORT", str(port))
            for name, value in environment.items()
        }
        assert asked(spec, told) == (0, "")


@pytest.mark.parametrize(
    "environment",
    [
        {"REDIS_HOST": "tls://HOST", "REDIS_PORT": "PORT"},
        {"REDIS_URL": "rediss://:secret@HOST:PORT"},
        {"REDIS_URL": "tls://HOST:PORT"},
    ],
)
def test_a_store_by_tls_is_asked_for_its_handshake(environment: dict[str, str]) -> None:
    heard: list[bytes] = []
    with somebody(b"\x15\x03\x03\x00\x02\x02\x28", heard) as port:
        told = {
            name: value.replace("HOST", LOOPBACK).replace("PORT", str(port))
            for name, value in environment.items()
        }
        status, says = asked(REDIS, told)
    assert heard[0][:2] == b"\x16\x03"
    assert status == 1
    assert f"at tls://{LOOPBACK}:{port} cannot be reached" in says


def test_an_address_with_colons_is_one() -> None:
    _, told = asked(REDIS, {"REDIS_HOST": "::1", "REDIS_PORT": "1"})
    assert "at tcp://[::1]:1 cannot be reached" in told


@pytest.mark.parametrize(
    ("spec", "port"),
    [(REDIS, 6379), (MEMCACHED, 11211), (POSTGRESQL, 5432), (MYSQL, 3306)],
)
def test_without_a_port_it_is_the_usual_one(spec: Spec, port: int) -> None:
    probe = store_probe.probe(application(**spec))
    assert probe is not None
    assert f": {port});" in probe["exec"]["command"][2]


@pytest.mark.parametrize(
    "spec",
    [
        {"session": {"driver": "cookie"}},
        {
            "session": {
                "driver": "dynamodb",
                "store": {"dynamodb": {"table": "sessions", "region": "eu-west-1"}},
            }
        },
        {"session": {"driver": "database"}, "database": {"driver": "sqlite"}, "web": {"min": 1}},
    ],
)
def test_where_no_server_has_the_sessions_none_is_asked_for(spec: Spec) -> None:
    app = application(**spec)
    assert store_probe.probe(app) is None
    [found] = [one for one in deployment.objects(app) if one["kind"] == "Deployment"]
    php = found["spec"]["template"]["spec"]["containers"][0]
    assert "The session store" not in str(php["startupProbe"])


def test_a_certificate_is_the_applications_to_mind(tmp_path) -> None:
    """It is nobody's whom PHP knows, and names another host."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = "req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=x -days 1"
    subprocess.run(
        ["openssl", *made.split(), "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as secured:
            assert secured.recv(64) == PING
            secured.sendall(NOAUTH)
            secured.recv(64)

    with socket.create_server((LOOPBACK, 0)) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        told = {"REDIS_HOST": f"tls://{LOOPBACK}", "REDIS_PORT": str(server.getsockname()[1])}
        assert asked(REDIS, told) == (0, "")
        thread.join()
