"""Probes of web pods; those that are PHP are run, against a server of our own."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from holdfast.kube.app import Object
from holdfast.kube.web import deployment, probes
from holdfast.servers.ports import LOOPBACK, free_port
from holdfast.servers.programs import require_program

from .conftest import application

DATABASE = {"driver": "pgsql", "host": "db.example.com"}


def containers(**spec: object) -> dict[str, Object]:
    [found] = [
        one for one in deployment.objects(application(**spec)) if one["kind"] == "Deployment"
    ]
    return {one["name"]: one for one in found["spec"]["template"]["spec"]["containers"]}


@pytest.fixture
def listening() -> Iterator[int]:
    """The port of somebody who accepts connections."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server.getsockname()[1]


def reaches(environment: dict[str, str], **spec: object) -> subprocess.CompletedProcess[str]:
    """What the startup probe says in a pod with this environment."""
    probe = probes.store(application(**spec))
    assert probe is not None
    _, *arguments = probe["exec"]["command"]
    return subprocess.run(
        [require_program("php", package="php8.2-cli"), *arguments],
        env={"PATH": os.environ["PATH"]} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


REDIS: dict[str, object] = {}
OWN: dict[str, object] = {"session": {"store": {"single": {}, "variables": "SESSION_REDIS"}}}
IN_DATABASE: dict[str, object] = {"session": {"driver": "database"}, "database": DATABASE}
MEMCACHED: dict[str, object] = {
    "session": {"driver": "memcached", "store": {"external": {"host": "cache.example.com"}}}
}


@pytest.mark.parametrize(
    ("spec", "environment"),
    [
        (REDIS, {"REDIS_HOST": "HOST", "REDIS_PORT": "PORT"}),
        (REDIS, {"REDIS_HOST": "tls://HOST", "REDIS_PORT": "PORT"}),
        (REDIS, {"REDIS_URL": "rediss://user:p%40ss@HOST:PORT/0", "REDIS_HOST": "nowhere"}),
        (OWN, {"SESSION_REDIS_HOST": "HOST", "SESSION_REDIS_PORT": "PORT"}),
        (IN_DATABASE, {"DB_HOST": "HOST", "DB_PORT": "PORT"}),
        (IN_DATABASE, {"DB_URL": "pgsql://u:p@HOST:PORT/shop", "DB_HOST": ""}),
        (IN_DATABASE | {"laravel": 10}, {"DATABASE_URL": "pgsql://u:p@HOST:PORT/shop"}),
        (MEMCACHED, {"MEMCACHED_HOST": "HOST", "MEMCACHED_PORT": "PORT"}),
    ],
)
def test_the_store_is_asked_for_where_the_application_looks(
    listening: int, spec: Object, environment: dict[str, str]
) -> None:
    def told(port: int) -> dict[str, str]:
        return {
            name: value.replace("HOST", LOOPBACK).replace("PORT", str(port))
            for name, value in environment.items()
        }

    there = reaches(told(listening), **spec)
    assert (there.returncode, there.stderr) == (0, "")
    closed = free_port()
    away = reaches(told(closed), **spec)
    assert away.returncode == 1
    assert f"{LOOPBACK}:{closed} cannot be reached" in away.stderr


def test_an_address_with_colons_is_one() -> None:
    told = reaches({"REDIS_HOST": "::1", "REDIS_PORT": "1"})
    assert "at [::1]:1 cannot be reached" in told.stderr


@pytest.mark.parametrize(
    ("spec", "port"),
    [(REDIS, 6379), (MEMCACHED, 11211), (IN_DATABASE, 5432)],
)
def test_without_a_port_it_is_the_usual_one(spec: Object, port: int) -> None:
    probe = probes.store(application(**spec))
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
def test_where_no_server_has_the_sessions_none_is_asked_for(spec: Object) -> None:
    assert probes.store(application(**spec)) is None
    assert "REDIS" not in str(containers(**spec)["php"]["startupProbe"])


@pytest.mark.parametrize("runtime", ["fpm-nginx", "frankenphp", "octane"])
def test_the_store_is_the_matter_of_the_start_alone(runtime: str) -> None:
    for container in containers(web={"runtime": runtime}).values():
        for name in ("readinessProbe", "livenessProbe"):
            assert "REDIS" not in str(container.get(name))
    started = containers(web={"runtime": runtime})["php"]["startupProbe"]
    assert "REDIS_HOST" in str(started)
    assert started["periodSeconds"] * started["failureThreshold"] >= 300
    assert started["timeoutSeconds"] > 2  # what the connection itself may take


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({}, "/up"),
        ({"laravel": 11}, "/up"),
        ({"laravel": 10}, "/php-health"),
        ({"laravel": 10, "web": {"health": "/healthz"}}, "/healthz"),
        ({"web": {"health": "/healthz"}}, "/healthz"),
    ],
)
def test_readiness_asks_laravel_as_users_do(spec: Object, path: str) -> None:
    asked = containers(**spec)["nginx"]["readinessProbe"]["httpGet"]
    assert asked["path"] == path
    assert {"name": "Host", "value": "shop.example.com"} in asked["httpHeaders"]
    assert {"name": "X-Forwarded-Proto", "value": "https"} in asked["httpHeaders"]


@pytest.mark.parametrize("runtime", ["fpm-nginx", "frankenphp", "octane"])
def test_liveness_asks_something_else_and_the_process_alone(runtime: str) -> None:
    found = containers(web={"runtime": runtime})
    [ready] = [one["readinessProbe"] for one in found.values() if "readinessProbe" in one]
    for container in found.values():
        alive = container["livenessProbe"]
        assert alive.get("httpGet", {}).get("path") != ready["httpGet"]["path"]
        assert alive["periodSeconds"] * alive["failureThreshold"] >= 60


def test_php_fpm_lives_while_somebody_listens(tmp_path) -> None:
    command = containers()["php"]["livenessProbe"]["exec"]["command"]
    path = tmp_path / "fpm.sock"
    code = command[2].replace("/run/php-fpm/fpm.sock", str(path))
    php = require_program("php", package="php8.2-cli")
    assert subprocess.run([php, "-r", code], check=False).returncode == 1
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        assert subprocess.run([php, "-r", code], check=False).returncode == 0
    assert subprocess.run([php, "-r", code], check=False).returncode == 1


@pytest.mark.parametrize(
    ("laravel", "probe"),
    [(10, {"tcpSocket": {"port": "http"}}), (12, "/up")],
)
def test_one_process_without_a_route_is_asked_for_its_port(laravel: int, probe: object) -> None:
    asked = probes.application(application(laravel=laravel, web={"runtime": "octane"}))
    assert asked.get("httpGet", {}).get("path", asked) == probe
