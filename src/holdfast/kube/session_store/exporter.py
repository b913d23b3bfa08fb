"""What Prometheus learns of Redis: a second container, whose user reads INFO and no session.

oliver006/redis_exporter, README («Authenticating with Redis») and exporter/redis.go: the password
is looked up in the file under the address with the user's name in it.
"""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.objects import selector
from holdfast.kube.pod import security
from holdfast.kube.session_store.choice import REDIS_PORT, SERVERS, rendered_redis
from holdfast.kube.session_store.redis_conf import RUN
from holdfast.kube.session_store.users import small
from holdfast.kube.spec.session import OperatorRedis

PORT = 9121
PORT_NAME = "metrics"
OPERATOR_PORT_NAME = "redis-exporter"
"""redis-operator v0.26.0, internal/controller/common/constants.go."""


def containers(app: App) -> list[Object]:
    """The exporter beside a Redis of ours, where there is monitoring."""
    if app.spec.monitoring is None:
        return []
    return [
        {
            "name": "exporter",
            "image": app.spec.images.redis_exporter,
            "imagePullPolicy": "IfNotPresent",
            "env": [
                {"name": "REDIS_ADDR", "value": f"redis://localhost:{REDIS_PORT}"},
                # CONFIG would tell more, and needs a right that sets more.
                {"name": "REDIS_EXPORTER_CONFIG_COMMAND", "value": "-"},
                {"name": "REDIS_PASSWORD_FILE", "value": f"{RUN}/exporter.json"},
                {"name": "REDIS_USER", "value": "exporter"},
            ],
            "ports": [{"name": PORT_NAME, "containerPort": PORT}],
            # Not ready it would take the pod, and Redis with it, out of its Service.
            "livenessProbe": {"tcpSocket": {"port": PORT_NAME}, "periodSeconds": 30},
            "resources": small("64Mi"),
            "securityContext": security(),
            "volumeMounts": [{"name": "run", "mountPath": RUN, "readOnly": True}],
        }
    ]


def scraped(app: App) -> tuple[dict[str, str], str] | None:
    """Where Prometheus finds the exporters: labels of their Service, and the name of its port.

    Returns:
        None where there is none: no monitoring, or somebody else's store.
    """
    redis = rendered_redis(app)
    if redis is None or app.spec.monitoring is None:
        return None
    if isinstance(redis, OperatorRedis):
        # internal/k8sutils/services.go: CreateOrUpdateMetricsService
        name = f"{app.name}-{SERVERS}"
        return {"app": name, "app.kubernetes.io/component": "metrics"}, OPERATOR_PORT_NAME
    return selector(app, SERVERS), PORT_NAME
