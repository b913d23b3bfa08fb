"""What was decided for the user about web pods, in the words of the summary."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision
from holdfast.kube.quantity import GIBI, mebibytes, whole
from holdfast.kube.timing import SPARE, web_grace
from holdfast.kube.web import disk, octane, probes
from holdfast.kube.web.autoscaling import scaled
from holdfast.kube.workers import stop

_LEAST = 40 * 1024**2
"""Bytes that a PHP process with Laravel in it usually takes, beside what all share."""

_MUCH_DISK = 4 * GIBI
"""Bytes; nodes have 20 GB or more, for all pods and their images."""

_OCTANE_SECONDS = 30
"""config/octane.php of laravel/octane 2.3, ``max_execution_time``."""

_SWOOLE_BYTES = 10 * 1024**2
"""laravel/octane 2.3, StartSwooleCommand.php, ``package_max_length``."""


def explained(app: App) -> Iterator[Decision]:
    """In the order of a pod's life."""
    yield from _image(app)
    yield from _writable(app)
    yield from _memory(app)
    yield from _disk(app)
    yield _probes(app)
    yield _number(app)
    yield _stop(app)
    yield from _nodes(app)
    yield from _octane(app)
    yield from _capability(app)


def _image(app: App) -> Iterator[Decision]:
    if "@sha256:" not in app.spec.image:
        yield Decision(
            "image",
            app.spec.image,
            "a tag that is moved would be two versions in one deployment; a digest cannot be moved",
        )


def _writable(app: App) -> Iterator[Decision]:
    yield Decision(
        "writable directories of pods",
        "bootstrap/cache, storage/framework/{cache,views}, storage/logs, /tmp",
        "they end with their pod. What has to outlive it goes to the session store, the database"
        " or storage.uploads; all else is read-only, so that a write is an error and not a loss",
    )
    yield Decision(
        "configuration cache",
        "made at each pod's start",
        "only there the environment is known; it is kept in memory, as the Secret's values are in"
        " it",
    )


def _memory(app: App) -> Iterator[Decision]:
    web = app.spec.web
    share = whole(web.resources.memory) // web.processes
    if share < _LEAST:
        yield Decision(
            "memory of web pods",
            f"{mebibytes(share)} for each of {web.processes} processes",
            f"below {mebibytes(_LEAST)}, the kernel may end a pod in the midst of its requests:"
            " raise web.resources.memory or lower web.processes",
        )


def _disk(app: App) -> Iterator[Decision]:
    web, asked = app.spec.web, whole(disk.ephemeral(app))
    if asked > _MUCH_DISK:
        yield Decision(
            "disk of web pods",
            f"{-(-asked // GIBI)}Gi of its node are reserved for each",
            f"{web.processes} processes may each have a body of {web.max_body} (web.maxBody) in"
            " /tmp. A pod for which no node has that waits for ever: `kubectl describe node` says"
            " what ephemeral-storage is allocatable",
        )


def _probes(app: App) -> Decision:
    asked = probes.health(app) or "php-fpm's ping"
    return Decision(
        "probes of web pods",
        f"readiness asks {asked}, startup alone asks for the session store",
        "a store that is away for a moment must not take all pods out of their Service, and a"
        " probe must not open a session",
    )


def _number(app: App) -> Decision:
    web = app.spec.web
    if scaled(app):
        busy = f", or {web.autoscale.busy} % of PHP processes" if web.autoscale.busy else ""
        return Decision(
            "number of web pods",
            f"{web.min} to {web.max}, by {web.autoscale.cpu} % of PHP's processor{busy}",
            "up at once, down by a tenth a minute after 5 minutes of less: each pod that goes cuts"
            " connections",
        )
    if web.min == 1:
        return Decision(
            "number of web pods",
            "1",
            "deployments and drains lose nobody, since sessions are not in the pod; a node that"
            " fails is an outage until the pod runs elsewhere. web.min: 2 is without",
        )
    return Decision("number of web pods", str(web.min), "web.max above web.min scales them")


def _stop(app: App) -> Decision:
    web = app.spec.web
    grace = web_grace(app)
    if web.grace is not None:
        return Decision("stop of web pods", f"{grace} s", "web.grace says so")
    always = "; each stop waits so long, as the signal could cut requests"
    return Decision(
        "stop of web pods",
        f"{grace} s",
        f"{web.drain} s until edges know (web.drain), {web.longest_request} s for the longest"
        f" request (web.longestRequest), {SPARE} s to spare"
        + (always if web.runtime != "fpm-nginx" else ""),
    )


def _nodes(app: App) -> Iterator[Decision]:
    if stop.stays(web_grace(app)):
        yield Decision(
            "nodes of web pods",
            "an autoscaler leaves them alone",
            f"it would wait {stop.AUTOSCALER_WAITS} s for a pod and then cut its requests",
        )


def _octane(app: App) -> Iterator[Decision]:
    web = app.spec.web
    if web.runtime != "octane":
        return
    if web.longest_request > _OCTANE_SECONDS:
        yield Decision(
            "longest request",
            f"{web.longest_request} s",
            "max_execution_time of config/octane.php must allow it, 30 if nobody has changed it",
        )
    if octane.server(app) == "swoole" and whole(web.max_body) > _SWOOLE_BYTES:
        yield Decision(
            "largest body",
            web.max_body,
            "Swoole takes 10Mi, unless 'swoole' => ['options' => ['package_max_length' => ...]] in"
            " config/octane.php allows it",
        )


def _capability(app: App) -> Iterator[Decision]:
    web = app.spec.web
    if web.runtime == "frankenphp" or (
        web.runtime == "octane" and octane.server(app) == "frankenphp"
    ):
        yield Decision(
            "capability of web pods",
            "NET_BIND_SERVICE",
            "the program of FrankenPHP's images has it as a file capability, and does not start"
            " where it may not be granted; the restricted standard allows it",
        )
