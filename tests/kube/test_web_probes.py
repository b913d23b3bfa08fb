"""Probes of web pods; those that are PHP are run, against a server of our own."""

from __future__ import annotations

import socket
import subprocess

import pytest

from holdfast.kube.app import Object
from holdfast.kube.web import deployment, probes
from holdfast.servers.programs import require_program

from .conftest import application


def containers(**spec: object) -> dict[str, Object]:
    [found] = [
        one for one in deployment.objects(application(**spec)) if one["kind"] == "Deployment"
    ]
    return {one["name"]: one for one in found["spec"]["template"]["spec"]["containers"]}


@pytest.mark.parametrize("runtime", ["fpm-nginx", "frankenphp", "octane"])
def test_the_store_is_the_matter_of_the_start_alone(runtime: str) -> None:
    for container in containers(web={"runtime": runtime}).values():
        for name in ("readinessProbe", "livenessProbe"):
            assert "REDIS" not in str(container.get(name))
    started = containers(web={"runtime": runtime})["php"]["startupProbe"]
    assert "REDIS_HOST" in str(started)
    assert started["periodSeconds"] * started["failureThreshold"] >= 300
    assert started["timeoutSeconds"] > 4  # what connection and answer may take


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
