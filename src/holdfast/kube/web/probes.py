"""Probes of web pods: none of them opens a session, and none but the first asks for the store.

- startup, once: the session store can be reached from this very pod, with its own environment. A
  pod that cannot reach it takes no requests, and a roll stops there.
- readiness: Laravel answers. Not the store: where that is away for a moment, all pods would leave
  their Service at once, and users would see the edge's error instead of the application's.
- liveness: the process itself, or a store's blip restarts every pod (gotchas ROL-07, ROL-08).
"""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.web import store_probe

HEALTH_SINCE = 11
"""The release of Laravel that brought ``/up`` (Configuration/ApplicationBuilder.php)."""

_PERIOD = 2
_STARTING = 300
"""Seconds in which a store that starts at the same time gets its volume and reads its file."""


def health(app: App) -> str | None:
    """The path of a route that says whether Laravel answers; None where the release has none."""
    return app.spec.web.health or ("/up" if app.spec.laravel >= HEALTH_SINCE else None)


def http(app: App, path: str) -> Object:
    """Ask for a path as users do: hosts that are checked or redirected to are the known one."""
    return {
        "httpGet": {
            "httpHeaders": [
                {"name": "Host", "value": app.spec.host},
                {"name": "X-Forwarded-Proto", "value": "https"},
            ],
            "path": path,
            "port": "http",
        }
    }


def application(app: App) -> Object:
    """Whether Laravel answers; of a release without ``/up``, whether anybody does.

    The second is refused where a specification is read.
    """
    path = health(app)
    return http(app, path) if path else {"tcpSocket": {"port": "http"}}


def startup(asks: Object) -> Object:
    """The first probe, which the others wait for."""
    return {
        **asks,
        "failureThreshold": _STARTING // _PERIOD,
        "periodSeconds": _PERIOD,
        "timeoutSeconds": store_probe.SECONDS,
    }


def readiness(asks: Object) -> Object:
    """Whether requests are sent here: three times in a row it may answer late."""
    return {**asks, "failureThreshold": 3, "periodSeconds": 5, "timeoutSeconds": 5}


def liveness(asks: Object) -> Object:
    """Whether it is to be killed: it is away for a minute."""
    return {**asks, "failureThreshold": 6, "periodSeconds": 10, "timeoutSeconds": 5}
