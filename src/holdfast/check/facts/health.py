"""How a probe can ask Laravel itself, and open no session by that."""

from __future__ import annotations

from typing import Final

from holdfast.check.facts.traffic import front
from holdfast.check.kubernetes.objects import get, items
from holdfast.check.kubernetes.workload import Container, Workload
from holdfast.check.process import Process
from holdfast.project.routes import health_route, session_route

FASTCGI_PORT: Final = 9000
"""Where php-fpm listens (``www.conf`` and the official images): it answers no HTTP there."""

_TLS_PORTS: Final = (443, 8443)
_OWN: Final = "a route of your own outside the group web"
_HEALTH_SINCE: Final = 11
"""The release of Laravel that brought ``health:`` (ApplicationBuilder.php)."""


def sessionless_path(process: Process) -> str:
    """What a probe can ask for, and what that takes; for a hint."""
    return ", ".join(filter(None, ("path: " + _path(process)[0], _path(process)[1])))


def _path(process: Process | None) -> tuple[str, str]:
    """A path that opens no session, and what the application needs for it; empty for nothing."""
    directory = process.app.directory if process else None
    if directory is not None and (there := directory.of(health_route)):
        if session_route(directory, there) is None:
            return there, ""
        return "/health", _OWN
    project = process.settings.project if process else None
    if project is None:
        return "/up", ""
    if project.release.major >= _HEALTH_SINCE:
        return "/up", "with health: '/up' for withRouting() in bootstrap/app.php"
    return "/health", _OWN


def readiness(workload: Workload, process: Process | None, at: Container) -> str:
    """The hint for a probe that proves that Laravel answers.

    Args:
        workload: whose pods are asked.
        process: that runs Laravel there.
        at: the container that the finding is shown at.
    """
    asked = front(workload) or at
    port = _port(workload, asked)
    if port == FASTCGI_PORT or (port is None and "fpm" in asked.image):
        return (
            "php-fpm answers no HTTP: a readinessProbe with exec that asks index.php by FastCGI"
            " (cgi-fcgi) and fails unless the status is 200"
        )
    path, needs = _path(process)
    scheme = ", scheme: HTTPS" if port in _TLS_PORTS else ""
    probe = f"readinessProbe: {{httpGet: {{path: {path}, port: {port or 'PORT'}{scheme}}}}}"
    where = "" if asked is at else f"at the container {asked.name}: "
    return f"{where}{probe}{', ' if needs else ''}{needs}"


def _port(workload: Workload, container: Container) -> int | None:
    """Where it answers what a Service sends; None where that is not written."""
    declared = {
        name: number
        for port in items(container.body, "ports")
        if isinstance(number := get(port, "containerPort"), int)
        for name in (number, get(port, "name"))
        if isinstance(name, int | str)
    }
    for service in workload.services:
        for port in items(service.body, "spec", "ports"):
            target = get(port, "targetPort")
            target = get(port, "port") if target is None else target
            if isinstance(target, int | str) and target in declared:
                return declared[target]
            if isinstance(target, int) and not declared:
                return target
    numbers = set(declared.values())
    return numbers.pop() if len(numbers) == 1 else None
