"""php-fpm in the application's image and nginx in its own, with a Unix socket between them.

No FastCGI port: whoever reaches one runs code (php-fpm believes every parameter it is given).
"""

from __future__ import annotations

from holdfast.kube import storage
from holdfast.kube.app import App, Object
from holdfast.kube.monitoring import exporters
from holdfast.kube.objects import present
from holdfast.kube.pod import php_container, prepare, resources, security
from holdfast.kube.spec.words import Resources
from holdfast.kube.web import disk, nginx_conf, php_fpm_conf, php_ini, probes, stop, store_probe

_COPY = Resources(cpu="50m", memory="64Mi")
_NGINX = Resources(cpu="50m", memory="128Mi")
_DISK = "1Gi"
"""What nginx may write: ``public/``, and request bodies before PHP gets them."""

_CONNECTS = (
    f'exit(@stream_socket_client("unix://{php_fpm_conf.SOCKET}", $number, $why, 2) ? 0 : 1);'
)


def files(app: App) -> dict[str, str]:
    """The configuration, by the file."""
    return {
        php_ini.FILE: php_ini.php_ini(app),
        "nginx.conf": nginx_conf.nginx_conf(app),
        "php-fpm.conf": php_fpm_conf.php_fpm_conf(app),
    }


def init_containers(app: App) -> list[Object]:
    """What runs before: ``public/`` comes out of the image, so nginx needs no image of its own."""
    return [_public(app), prepare(app, app.spec.web.resources, caches=("config", "route", "event"))]


def containers(app: App) -> list[Object]:
    """php-fpm first: it is the one that people look at."""
    return [_php(app), _nginx(app), *exporters.containers(app, "web")]


def volumes(app: App) -> list[Object]:
    """What the two share, and where nginx writes."""
    return [
        {"name": "php-fpm", "emptyDir": {"sizeLimit": "1Mi"}},
        {"name": "public", "emptyDir": {"sizeLimit": "512Mi"}},
        {"name": "nginx-tmp", "emptyDir": {"sizeLimit": "512Mi"}},
    ]


def _php(app: App) -> Object:
    return php_container(
        app,
        "php",
        ["php-fpm", "--nodaemonize", "--fpm-config", f"{php_ini.DIRECTORY}/php-fpm.conf"],
        app.spec.web.resources,
        env=php_ini.ENVIRONMENT,
        mounts=[
            {"name": "config", "mountPath": php_ini.DIRECTORY, "readOnly": True},
            {"name": "php-fpm", "mountPath": php_fpm_conf.RUN},
        ],
        ephemeral=disk.ephemeral(app),
        startupProbe=probes.startup(store_probe.probe(app) or _alive()),
        livenessProbe=probes.liveness(_alive()),
        lifecycle=stop.php_fpm(app),
    )


def _public(app: App) -> Object:
    """It needs nothing of the application's configuration, and is not told any.

    Times are kept (-p): by them browsers know a file again, whichever replica they ask. That is
    why the directory is made here, in a volume whose own root is not ours to set times of.
    """
    return present(
        name="public",
        image=app.spec.image,
        imagePullPolicy="IfNotPresent",
        command=["cp", "-Rp", f"{app.spec.root}/public", "/srv/"],
        volumeMounts=[{"name": "public", "mountPath": "/srv"}],
        securityContext=security(),
        resources=resources(_COPY, ephemeral=_DISK),
    )


def _nginx(app: App) -> Object:
    return present(
        name="nginx",
        image=app.spec.images.nginx,
        imagePullPolicy="IfNotPresent",
        command=[
            *("nginx", "-e", "stderr"),  # not below /var before it has read its configuration
            *("-c", f"{php_ini.DIRECTORY}/nginx.conf", "-g", "daemon off;"),
        ],
        ports=[{"name": "http", "containerPort": app.spec.web.port, "protocol": "TCP"}],
        volumeMounts=[
            {"name": "config", "mountPath": php_ini.DIRECTORY, "readOnly": True},
            {"name": "nginx-tmp", "mountPath": nginx_conf.TEMPORARY},
            {"name": "php-fpm", "mountPath": php_fpm_conf.RUN},
            {
                "name": "public",
                "mountPath": f"{app.spec.root}/public",
                "readOnly": True,
                "subPath": "public",
            },
            *storage.nginx_mounts(app),
        ],
        readinessProbe=probes.readiness(probes.http(app, probes.health(app) or php_fpm_conf.PING)),
        livenessProbe=probes.liveness({"httpGet": {"path": nginx_conf.ALIVE, "port": "http"}}),
        lifecycle=stop.nginx(app),
        securityContext=security(),
        resources=resources(_NGINX, ephemeral=_DISK),
    )


def _alive() -> Object:
    """Connects to php-fpm's socket: full as its queue may be, it listens."""
    return {"exec": {"command": ["php", "-r", _CONNECTS]}}
