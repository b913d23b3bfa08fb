"""Session persistence of the Gateway API (GEP-1619), where the controller has it.

CRDs of v1.2.1, v1.5.0 and v1.6.1: ``HTTPRoute.spec.rules[].sessionPersistence`` is in the
experimental channel alone. Its ``idleTimeout`` is gone in 1.6, so it is not used: what is written
here is in all three. Who has it: Envoy Gateway (internal/xds/translator/session_persistence.go: a
lifetime only with lifetimeType Permanent), Cilium from 1.21 (PR 48029). Who has not: Traefik
(#11243), Istio (#55839: the label of a Service instead), NGINX Gateway Fabric without Plus.
"""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.edge import affinity

IMPLEMENTED_BY = frozenset({"envoy-gateway", "cilium"})

ISTIO_LABEL = "istio.io/persistent-session"
"""The value is the cookie's name; the cookie ends with the browser (istio 1.30,
pilot/pkg/networking/util, MaybeBuildStatefulSessionFilterConfig)."""


def persistence(app: App) -> Object | None:
    """The rule's part; None where no affinity is asked for, or it is asked for otherwise."""
    wanted, cookie = app.spec.edge.gateway, affinity.cookie(app)
    if wanted is None or cookie is None or wanted.controller not in IMPLEMENTED_BY:
        return None
    return {
        "absoluteTimeout": duration(affinity.seconds(app)),
        "cookieConfig": {"lifetimeType": "Permanent"},
        "sessionName": cookie,
        "type": "Cookie",
    }


def service_labels(app: App) -> dict[str, str]:
    """Of the Service, for Istio's gateways."""
    wanted, cookie = app.spec.edge.gateway, affinity.cookie(app)
    if wanted is None or cookie is None or wanted.controller != "istio":
        return {}
    return {ISTIO_LABEL: cookie}


def duration(seconds: int) -> str:
    """A length of time as the Gateway API writes it (GEP-2257): ``2h30m``, at most five digits."""
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "m"), (seconds, "s"))
    return "".join(f"{number}{unit}" for number, unit in parts if number) or "0s"
