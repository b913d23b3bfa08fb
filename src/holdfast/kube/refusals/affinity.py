"""What is refused of affinity: where an edge cannot give it, or not as it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.edge import choice
from holdfast.kube.edge.persistence import IMPLEMENTED_BY, ISTIO_LABEL
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.spec.edge import Gateway
from holdfast.kube.spec.session import Affinity

_AT = ("session", "affinity")
_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_NO_NEED = ", or leave session.affinity out: no session needs it"
_WITHOUT = {
    "nginx": "NGINX Gateway Fabric has session persistence with NGINX Plus alone",
    "traefik": "Traefik ignores session persistence of an HTTPRoute",
    "other": "nobody knows whether this Gateway's controller has session persistence",
}


def refusals(app: App) -> Iterator[Refusal]:
    """Of the edge first; what is asked of it only where it has affinity at all."""
    affinity = app.spec.session.affinity
    if affinity is None:
        return
    if (refusal := _without(app)) is not None:
        yield refusal
    else:
        yield from _seconds(app, affinity)
        yield from _cookie(app, affinity)


def _without(app: App) -> Refusal | None:
    """Why this edge keeps nobody at a replica, and which would."""
    ingress, gateway = choice.ingress(app), choice.gateway(app)
    if app.spec.mesh is not None and app.spec.mesh.linkerd is not None:
        return Refusal(
            _AT,
            "Linkerd's proxy chooses a pod for each request, whatever the edge has chosen"
            " (linkerd2 #4956)",
            f"no mesh in front of the web pods{_NO_NEED}",
        )
    if gateway is not None:
        return _without_persistence(gateway)
    if ingress is not None and ingress.controller == "any":
        return Refusal(
            _AT,
            "how it is asked for depends on the ingress controller, which is not known",
            f"edge.ingress.controller{_NO_NEED}",
        )
    return None


def _without_persistence(gateway: Gateway) -> Refusal | None:
    if gateway.controller in _WITHOUT:
        return Refusal(
            _AT,
            _WITHOUT[gateway.controller],
            f"a controller that has it (envoy-gateway, cilium), or an Ingress{_NO_NEED}",
        )
    if gateway.controller in IMPLEMENTED_BY and gateway.channel != "experimental":
        return Refusal(
            _AT,
            "session persistence is in the experimental channel of the Gateway API; the standard"
            " one drops it without a word",
            f"edge.gateway.channel: experimental, where its CRDs are installed{_NO_NEED}",
        )
    return None


def _seconds(app: App, affinity: Affinity) -> Iterator[Refusal]:
    if affinity.seconds is None:
        return
    at, lifetime = (*_AT, "seconds"), app.spec.session.lifetime * 60
    if _ends_with_the_browser(app):
        yield Refusal(
            at,
            f"the cookie of {choice.controller(app)} has no lifetime, it ends with the browser",
            "leave it out",
        )
    elif affinity.seconds < lifetime:
        yield Refusal(
            at,
            f"the edge's cookie would end before the session, which lives {lifetime} s",
            "leave it out: then it lives as long as the session",
        )


def _ends_with_the_browser(app: App) -> bool:
    ingress, gateway = choice.ingress(app), choice.gateway(app)
    if gateway is not None:
        return gateway.controller == "istio"
    return ingress is not None and ingress.controller == "haproxy"


def _cookie(app: App, affinity: Affinity) -> Iterator[Refusal]:
    ingress, gateway = choice.ingress(app), choice.gateway(app)
    if ingress and ingress.controller == "alb" and affinity.cookie not in ("route", "AWSALB"):
        yield Refusal(
            (*_AT, "cookie"),
            "the cookie of a load balancer of AWS is AWSALB and can be no other",
            "leave it out",
        )
    if gateway and gateway.controller == "istio" and not _LABEL.fullmatch(affinity.cookie):
        yield Refusal(
            (*_AT, "cookie"),
            f"Istio is told its name by the label {ISTIO_LABEL}, whose value it cannot be",
            "at most 63 letters, digits, and - _ . between them",
        )
