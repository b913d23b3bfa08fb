"""What answers requests: the runtime, the health route, the longest request."""

from __future__ import annotations

from typing import Final

from holdfast.kube.init.facts import Facts
from holdfast.kube.init.part import Part, fits
from holdfast.kube.spec.words import Path, Seconds
from holdfast.project.code import code
from holdfast.project.middleware import middleware
from holdfast.project.routes import health_route
from holdfast.project.values import Unknown

_SERVERS: Final = ("frankenphp", "swoole", "roadrunner")
_BOOTSTRAP: Final = "bootstrap/app.php"
_OCTANE: Final = "config/octane.php"
_PROXIES: Final = "config/trustedproxy.php"
_VARIABLE: Final = "TRUSTED_PROXIES"


def web(facts: Facts) -> Part:
    """The section ``web``."""
    part = Part()
    runtime = _runtime(facts, part)
    part.line("min", 2, "", "Two replicas, so that one may go. A larger max lets it grow.")
    part.line("max", 4)
    limit = facts.known("octane.max_execution_time") if runtime == "octane" else None
    if limit is not None and fits(limit.value, Seconds):
        part.line("longestRequest", limit.value, str(limit.source))
    else:
        part.line("longestRequest", 30, "assumed: seconds that a stop waits for a request")
    _health(facts, part)
    return part


def _runtime(facts: Facts, part: Part) -> str:
    image = facts.image
    command = " ".join(image.command) if image else ""
    fpm = image is not None and ("php-fpm" in command or "apache" in command)
    octane = "octane" in command or facts.directory.php(_OCTANE) is not None
    if facts.has("laravel/octane") and octane and not fpm:
        part.line("runtime", "octane", f"laravel/octane in {_place(facts, 'laravel/octane')}")
        server = facts.text("octane.server")
        if server in _SERVERS:
            part.line("server", server, facts.where("octane.server"))
        else:
            # The package's own default.
            part.line("server", "roadrunner", f"Octane's default: {_OCTANE} says none")
        return "octane"
    if image is not None and "frankenphp" in f"{image.base} {command}":
        part.line("runtime", "frankenphp", f"{image.file}, FROM")
        return "frankenphp"
    why = f"{image.file}, FROM {image.base}" if image and "fpm" in image.base else "assumed"
    part.line("runtime", "fpm-nginx", why)
    if image is not None and "apache" in f"{image.base} {command}":
        part.task(
            image.file,
            "it runs Apache, which is not rendered: build it on php:fpm; nginx stands beside it",
        )
    return "fpm-nginx"


def _place(facts: Facts, package: str) -> str:
    found = facts.packages.get(package)
    return found.place if found is not None else "composer.json"


def _health(facts: Facts, part: Part) -> None:
    """The route that probes ask: it must open no session."""
    if facts.major < 11 or facts.directory.php(_BOOTSTRAP) is None:
        return
    path = health_route(facts.directory)
    if path and fits(path, Path):
        part.line("health", path, f"{_BOOTSTRAP}, health")
    elif path == "":
        part.line(
            "health", "/up", "",
            "Readiness asks this route; the application has none yet.",
        )  # fmt: skip
        part.task(*_to_be_routed(facts))


def _to_be_routed(facts: Facts) -> tuple[str, str]:
    file = facts.directory.php(_BOOTSTRAP)
    if file is not None and b"withRouting" in file.data:
        return _BOOTSTRAP, "withRouting needs a health route, which opens no session: health: '/up'"
    return "routes", "add one that opens no session, outside the web group: Route::get('/up', ...)"


def proxies(facts: Facts) -> Part:
    """Whether the application believes the edge about the way a request came."""
    part = Part()
    found = middleware(facts.directory, facts.project, facts.directory.of(code)).trusted
    if isinstance(found, Unknown) or found.everyone:
        return part
    read = facts.variable("trustedproxy.proxies")
    if read == _VARIABLE:
        return part
    if read is not None:
        where = facts.where("trustedproxy.proxies")
        part.task(where, f"it reads {read}: write env('{_VARIABLE}'), which Holdfast sets")
    elif not found.addresses:
        part.task(
            _PROXIES,
            "believe the edge, or links and cookies are http's:"
            f" <?php return ['proxies' => env('{_VARIABLE}')];",
        )
    else:
        part.task(found.place, f"{', '.join(found.addresses)}: is that where the edge's pods are?")
    return part
