"""Containers beside others that turn their state into metrics."""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.objects import present
from holdfast.kube.pod import resources, security
from holdfast.kube.spec.words import Resources
from holdfast.kube.web.php_fpm_conf import RUN, STATUS, status_socket

PORT = 9253
"""Of the php-fpm exporter, by its own default."""

_SMALL = Resources(cpu="10m", memory="32Mi")


def containers(app: App, component: str) -> list[Object]:
    """What runs beside the main container of a pod; nothing without monitoring.

    Octane has no status of its own that an exporter could read.
    """
    if app.spec.monitoring is None or component != "web" or app.spec.web.runtime != "fpm-nginx":
        return []
    return [_php_fpm(app)]


def _php_fpm(app: App) -> Object:
    """hipages/php-fpm_exporter 2.2: its image starts ``php-fpm_exporter server``; it has no shell
    to wait in when the pod stops, and need not wait.
    """
    return present(
        name="php-fpm-exporter",
        image=app.spec.images.fpm_exporter,
        imagePullPolicy="IfNotPresent",
        env=[
            # php-fpm's own sums are sometimes wrong; the exporter counts the processes instead.
            {"name": "PHP_FPM_FIX_PROCESS_COUNT", "value": "true"},
            {"name": "PHP_FPM_SCRAPE_URI", "value": f"unix://{status_socket(app)};{STATUS}"},
        ],
        ports=[{"name": "metrics", "containerPort": PORT, "protocol": "TCP"}],
        volumeMounts=[{"name": "php-fpm", "mountPath": RUN, "readOnly": True}],
        securityContext=security(),
        resources=resources(_SMALL, ephemeral="16Mi"),
    )
