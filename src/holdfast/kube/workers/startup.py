"""What a worker's pod has to show before a rollout goes on: it can be stopped, and finds its queue.

The only probe that workers have. They serve nothing, so there is no readiness beyond that; and no
liveness: a worker that ends is started again, a job that hangs is ended by its timeout, and asking
Horizon (``horizon:status``) means booting Laravel each time and restarting all workers when their
Redis is away for a moment.
"""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.environment.queue import connection

_PCNTL = (
    'if (!extension_loaded("pcntl")) {'
    ' fwrite(STDERR, "The image has no extension pcntl: a job would be cut off whenever its pod'
    ' stops, and none would end at its timeout.\\n");'
    " exit(1);"
    " }"
)
_SERVERS = {"redis": ("REDIS_HOST", "REDIS_PORT"), "database": ("DB_HOST", "DB_PORT")}


def probe(app: App) -> Object:
    """A startupProbe; it gives up after two minutes."""
    lines = [_PCNTL]
    if connection(app) in _SERVERS:
        host, port = _SERVERS[connection(app)]
        # A variable that is not set is config/database.php's own business.
        lines.append(
            f'$host = preg_replace("#^[a-z]+://#", "", (string) getenv("{host}"));'
            f' $port = (int) getenv("{port}");'
            " exit(!$host || !$port || @fsockopen($host, $port, $code, $text, 2) ? 0 : 1);"
        )
    return {
        "exec": {"command": ["php", "-r", " ".join(lines)]},
        "failureThreshold": 24,
        "periodSeconds": 5,
        "timeoutSeconds": 5,
    }
