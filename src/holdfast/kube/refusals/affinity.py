"""What is refused of affinity: where an edge cannot give it, or not as it is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable

from holdfast.kube.app import App
from holdfast.kube.edge import choice
from holdfast.kube.edge.persistence import IMPLEMENTED_BY, ISTIO_LABEL
from holdfast.kube.refusals.rule import Rule, given, rule
from holdfast.kube.spec.session import Affinity

_AT = ("session", "affinity")
_AFFINITY = "self.spec.session.affinity"
_SECONDS, _COOKIE = f"{_AFFINITY}.seconds", f"{_AFFINITY}.cookie"
_INGRESS, _GATEWAY = "self.spec.edge.ingress", "self.spec.edge.gateway"
_LABEL = "^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
_NO_NEED = ", or leave session.affinity out: no session needs it"


def _asked(broken: Callable[[App, Affinity], bool]) -> Callable[[App], bool]:
    """Broken, where affinity is asked for."""
    return lambda app: (
        app.spec.session.affinity is not None and broken(app, app.spec.session.affinity)
    )


def _unless(cel: str) -> str:
    return f"!{given(_AFFINITY)} || {cel}"


def _behind(kind: str, *controllers: str) -> Callable[[App], bool]:
    """Whether one of these serves it; ``kind`` is ingress or gateway."""

    def is_it(app: App) -> bool:
        wanted = choice.ingress(app) if kind == "ingress" else choice.gateway(app)
        return wanted is not None and wanted.controller in controllers

    return is_it


def _cel(path: str, *controllers: str) -> str:
    return f"({given(path)} && {path}.controller in {list(controllers)})"


def _gateway_without(controller: str, reason: str) -> Rule:
    return rule(
        _AT,
        reason,
        f"a controller that has it (envoy-gateway, cilium), or an Ingress{_NO_NEED}",
        broken=_asked(lambda app, _: _behind("gateway", controller)(app)),
        cel=_unless(f"!{_cel(_GATEWAY, controller)}"),
    )


_BROWSER = f"({_cel(_INGRESS, 'haproxy')} || {_cel(_GATEWAY, 'istio')})"


def _ends_with_the_browser(app: App) -> bool:
    return _behind("ingress", "haproxy")(app) or _behind("gateway", "istio")(app)


RULES = (
    rule(
        _AT,
        "Linkerd's proxy chooses a pod for each request, whatever the edge has chosen"
        " (linkerd2 #4956)",
        f"no mesh in front of the web pods{_NO_NEED}",
        broken=_asked(
            lambda app, _: app.spec.mesh is not None and app.spec.mesh.linkerd is not None
        ),
        cel=_unless(f"!{given('self.spec.mesh')} || !{given('self.spec.mesh.linkerd')}"),
    ),
    rule(
        _AT,
        "how it is asked for depends on the ingress controller, which is not known",
        f"edge.ingress.controller{_NO_NEED}",
        broken=_asked(lambda app, _: _behind("ingress", "any")(app)),
        cel=_unless(f"{given(_GATEWAY)} || ({given(_INGRESS)} && {_INGRESS}.controller != 'any')"),
    ),
    _gateway_without("nginx", "NGINX Gateway Fabric has session persistence with NGINX Plus alone"),
    _gateway_without("traefik", "Traefik ignores session persistence of an HTTPRoute"),
    _gateway_without(
        "other", "nobody knows whether this Gateway's controller has session persistence"
    ),
    rule(
        _AT,
        "session persistence is in the experimental channel of the Gateway API; the standard one"
        " drops it without a word",
        f"edge.gateway.channel: experimental, where its CRDs are installed{_NO_NEED}",
        broken=_asked(
            lambda app, _: (
                _behind("gateway", *IMPLEMENTED_BY)(app)
                and app.spec.edge.gateway is not None
                and app.spec.edge.gateway.channel != "experimental"
            )
        ),
        cel=_unless(
            f"!{_cel(_GATEWAY, *sorted(IMPLEMENTED_BY))} || {_GATEWAY}.channel == 'experimental'"
        ),
    ),
    rule(
        (*_AT, "seconds"),
        "the edge's cookie would end before the session",
        "leave it out: then it lives as long as the session",
        broken=_asked(
            lambda app, asked: (
                asked.seconds is not None
                and not _ends_with_the_browser(app)
                and asked.seconds < app.spec.session.lifetime * 60
            )
        ),
        cel=_unless(
            f"!{given(_SECONDS)} || {_BROWSER} || {_SECONDS} >= self.spec.session.lifetime * 60"
        ),
    ),
    rule(
        (*_AT, "seconds"),
        "the cookie of HAProxy and of Istio's gateways has no lifetime, it ends with the browser",
        "leave it out",
        broken=_asked(lambda app, asked: asked.seconds is not None and _ends_with_the_browser(app)),
        cel=_unless(f"!{given(_SECONDS)} || !{_BROWSER}"),
    ),
    rule(
        (*_AT, "cookie"),
        "the cookie of a load balancer of AWS is AWSALB and can be no other",
        "leave it out",
        broken=_asked(
            lambda app, asked: (
                _behind("ingress", "alb")(app) and asked.cookie not in ("route", "AWSALB")
            )
        ),
        cel=_unless(f"!{_cel(_INGRESS, 'alb')} || {_COOKIE} in ['route', 'AWSALB']"),
    ),
    rule(
        (*_AT, "cookie"),
        f"Istio is told its name by the label {ISTIO_LABEL}, whose value it cannot be",
        "at most 63 letters, digits, and - _ . between them",
        broken=_asked(
            lambda app, asked: (
                _behind("gateway", "istio")(app) and re.match(_LABEL, asked.cookie) is None
            )
        ),
        cel=_unless(f"!{_cel(_GATEWAY, 'istio')} || {_COOKIE}.matches('{_LABEL}')"),
    ),
)
