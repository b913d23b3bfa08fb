"""Octane: the application stays in memory, behind FrankenPHP, Swoole or RoadRunner.

artisan is the first process and starts the server as its child (Commands/Start*Command.php); what
it does at SIGTERM, `stop.single` says.
"""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.monitoring import exporters
from holdfast.kube.pod import php_container, prepare
from holdfast.kube.quantity import whole
from holdfast.kube.spec.web import Server
from holdfast.kube.web import disk, frankenphp, php_ini, probes, stop, store_probe

_ROADRUNNER = "rr.yaml"


def server(app: App) -> Server:
    """What serves it; where nobody says, what FrankenPHP's and Octane's documentation lead to."""
    return app.spec.web.server or "frankenphp"


def files(app: App) -> dict[str, str]:
    """The configuration, by the file."""
    told = {php_ini.FILE: php_ini.php_ini(app)}
    return told | ({_ROADRUNNER: _rr_yaml(app)} if server(app) == "roadrunner" else {})


def init_containers(app: App) -> list[Object]:
    """Routes and events need no cache: they are read once, when a worker starts."""
    return [prepare(app, app.spec.web.resources)]


def containers(app: App) -> list[Object]:
    """One."""
    asks = probes.application(app)
    with_caddy = server(app) == "frankenphp"
    return [
        php_container(
            app,
            "php",
            command(app),
            app.spec.web.resources,
            env=frankenphp.ENVIRONMENT if with_caddy else php_ini.ENVIRONMENT,
            mounts=[{"name": "config", "mountPath": php_ini.DIRECTORY, "readOnly": True}],
            ephemeral=disk.ephemeral(app),
            capabilities=frankenphp.CAPABILITIES if with_caddy else (),
            ports=[{"name": "http", "containerPort": app.spec.web.port, "protocol": "TCP"}],
            startupProbe=probes.startup(store_probe.probe(app) or asks),
            readinessProbe=probes.readiness(asks),
            livenessProbe=probes.liveness({"tcpSocket": {"port": "http"}}),
            lifecycle=stop.single(app),
        ),
        *exporters.containers(app, "web"),
    ]


def volumes(app: App) -> list[Object]:
    """None of its own."""
    return []


def command(app: App) -> list[str]:
    """``octane:start``; never ``--watch``, and nothing listens beside the one port of the pod."""
    web = app.spec.web
    own = {
        "frankenphp": ["--admin-port=2019"],  # of localhost, by Octane's Caddyfile
        # auto would be a process for each processor of the node.
        "swoole": ["--task-workers=1"],
        # RPC listens where HTTP does if nobody says otherwise, and .rr.yaml would be written.
        "roadrunner": [
            "--rpc-host=127.0.0.1",
            "--rpc-port=6001",
            f"--rr-config={php_ini.DIRECTORY}/{_ROADRUNNER}",
        ],
    }
    return [
        "php",
        "artisan",
        "octane:start",
        f"--server={server(app)}",
        "--host=0.0.0.0",
        f"--port={web.port}",
        f"--workers={web.processes}",
        "--max-requests=500",
        *own[server(app)],
    ]


def _rr_yaml(app: App) -> str:
    """What Octane's options do not say."""
    lines = [
        'version: "3"',
        "http:",
        "  # Mebibytes.",
        f"  max_request_size: {max(1, -(-whole(app.spec.web.max_body) // 1024**2))}",
        "endure:",
        f"  grace_period: {app.spec.web.longest_request}s",
    ]
    return "\n".join(lines) + "\n"
