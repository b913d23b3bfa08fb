"""Variables: whom the application believes about the way a request came."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.edge import proxies
from holdfast.kube.edge.choice import hosts

_STATEFUL = "SANCTUM_STATEFUL_DOMAINS"


def variables(app: App) -> dict[str, str]:
    """The proxies, and the hosts at which Sanctum knows users by their session.

    Sanctum's own list has the host of APP_URL (config/sanctum.php), so it is written only for
    aliases, and never over one that a person gave: a front end may have a host of its own.
    """
    stateful = bool(app.spec.aliases) and _STATEFUL not in app.spec.config
    return {
        proxies.VARIABLE: ",".join(proxies.networks(app)),
        **({_STATEFUL: ",".join(hosts(app))} if stateful else {}),
    }
