"""FrankenPHP, one process that is HTTP and PHP, each request in a fresh application."""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.monitoring import exporters
from holdfast.kube.pod import php_container, prepare
from holdfast.kube.web import caddyfile, disk, php_ini, probes, stop, store_probe

CAPABILITIES = ("NET_BIND_SERVICE",)
"""The official images' program has this file capability (Dockerfile: ``setcap
cap_net_bind_service=+ep``), and the kernel starts no program whose capability it may not grant
(php/frankenphp issue 777). Nothing is bound below 1024."""

ENVIRONMENT = {
    **php_ini.ENVIRONMENT,
    "XDG_CONFIG_HOME": "/tmp/config",  # noqa: S108 - the container's
    "XDG_DATA_HOME": "/tmp/data",  # noqa: S108 - the same
}
"""Where Caddy writes: the image's own places are read-only here."""


def files(app: App) -> dict[str, str]:
    """The configuration, by the file."""
    return {"Caddyfile": caddyfile.caddyfile(app), php_ini.FILE: php_ini.php_ini(app)}


def init_containers(app: App) -> list[Object]:
    """What runs before."""
    return [prepare(app, app.spec.web.resources, caches=("config", "route", "event"))]


def containers(app: App) -> list[Object]:
    """One."""
    asks = probes.application(app)
    return [
        php_container(
            app,
            "php",
            ["frankenphp", "run", "--config", f"{php_ini.DIRECTORY}/Caddyfile"],
            app.spec.web.resources,
            env=ENVIRONMENT,
            mounts=[{"name": "config", "mountPath": php_ini.DIRECTORY, "readOnly": True}],
            ephemeral=disk.ephemeral(app),
            capabilities=CAPABILITIES,
            ports=[{"name": "http", "containerPort": app.spec.web.port, "protocol": "TCP"}],
            startupProbe=probes.startup(store_probe.probe(app) or asks),
            readinessProbe=probes.readiness(asks),
            livenessProbe=probes.liveness({"httpGet": {"path": caddyfile.ALIVE, "port": "http"}}),
            lifecycle=stop.single(app),
        ),
        *exporters.containers(app, "web"),
    ]


def volumes(app: App) -> list[Object]:
    """None of its own."""
    return []
