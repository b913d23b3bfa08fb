"""Gateway API: a Gateway of one's own or one that is there, and the routes to the web pods.

gateway.networking.k8s.io/v1, CRDs of v1.2.1 to v1.6.1: all that is written here but session
persistence is in the standard channel of each. No ``retry``: a POST is never sent twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.edge import affinity, tls
from holdfast.kube.edge.choice import hosts
from holdfast.kube.edge.persistence import duration, persistence
from holdfast.kube.objects import metadata, named, present
from holdfast.kube.spec.edge import Gateway
from holdfast.kube.timing import request_timeout

_API = "gateway.networking.k8s.io/v1"

FORGED = ["X-Forwarded-Host", "X-Forwarded-Prefix"]
"""Taken out of requests: gateways pass on what clients wrote there, and Laravel believes it of a
trusted proxy, in links to reset a password too. The host itself comes in ``Host``."""

_PORTS = {"traefik": (8000, 8443)}
"""Traefik's listeners must have the ports of its entry points, here those of its Helm chart
(reference/routing-configuration/kubernetes/gateway-api.md)."""


def objects(app: App, wanted: Gateway) -> Iterator[Object]:
    """A Gateway with its certificate where none is there, the redirect, the route."""
    if wanted.name is None:
        yield from tls.certificates(app)
        yield _gateway(app, wanted)
        yield _redirect(app)
    yield _route(app, wanted)


def _gateway(app: App, wanted: Gateway) -> Object:
    http, https = _PORTS.get(wanted.controller, (80, 443))
    certificate = {"kind": "Secret", "name": tls.secret_name(app)}
    return {
        "apiVersion": _API,
        "kind": "Gateway",
        "metadata": metadata(app, app.name, "edge"),
        "spec": {
            "gatewayClassName": wanted.class_name,
            # Or Istio takes the Gateway's own for its pods, and what is said of the application's
            # pods holds for them too (deploymentcontroller.go, extractInfrastructureMetadata).
            "infrastructure": {"labels": {"app.kubernetes.io/managed-by": "holdfast"}},
            "listeners": [
                _listener("http", http),
                {
                    **_listener("https", https),
                    "tls": {"certificateRefs": [certificate], "mode": "Terminate"},
                },
            ],
        },
    }


def _listener(name: str, port: int) -> Object:
    """Routes of this namespace alone: the certificate is this application's."""
    return {
        "allowedRoutes": {"namespaces": {"from": "Same"}},
        "name": name,
        "port": port,
        "protocol": name.upper(),
    }


def _redirect(app: App) -> Object:
    """Plain HTTP leads to HTTPS: the session cookie is Secure, it would not come back."""
    rule = {
        "filters": [
            {
                "requestRedirect": {"scheme": "https", "statusCode": 301},
                "type": "RequestRedirect",
            }
        ]
    }
    return _http_route(app, named(app, "redirect"), {"name": app.name, "sectionName": "http"}, rule)


def _route(app: App, wanted: Gateway) -> Object:
    parent = present(
        name=wanted.name or app.name,
        namespace=wanted.namespace,
        sectionName=wanted.section if wanted.name else "https",
    )
    rule = present(
        backendRefs=[{"name": named(app, "web"), "port": 80}],
        filters=[
            {
                "requestHeaderModifier": {"remove": list(FORGED)},
                "type": "RequestHeaderModifier",
            }
        ],
        matches=[{"path": {"type": "PathPrefix", "value": "/"}}],
        sessionPersistence=persistence(app),
        timeouts={"request": duration(request_timeout(app))},
    )
    return _http_route(app, app.name, parent, rule)


def _http_route(app: App, name: str, parent: Object, rule: Object) -> Object:
    return {
        "apiVersion": _API,
        "kind": "HTTPRoute",
        "metadata": metadata(app, name, "edge"),
        "spec": {"hostnames": hosts(app), "parentRefs": [parent], "rules": [rule]},
    }


def decisions(app: App, wanted: Gateway) -> Iterator[Decision]:
    """What is whose."""
    if wanted.name is None:
        yield from tls.decisions(app)
        yield Decision(
            "gateway",
            f"one of its own, class {wanted.class_name}",
            "plain HTTP is redirected; edge.gateway.name and section name one that is there",
        )
    else:
        yield Decision(
            "gateway",
            f"{wanted.name}, listener {wanted.section}",
            "its certificate and the redirect of plain HTTP are its owner's; the listener must"
            " allow routes of this namespace",
        )
    yield from _advice(app, wanted)


def _advice(app: App, wanted: Gateway) -> Iterator[Decision]:
    match wanted.controller:
        case "nginx":
            yield Decision(
                "gateway controller",
                "NGINX Gateway Fabric",
                "it reads no timeouts of a route (60 s), and takes bodies of 1 MiB and 4 KiB of"
                " answer headers: its ClientSettingsPolicy and ProxySettingsPolicy change that;"
                " they are not rendered, as their schemas are not at hand",
            )
        case "traefik":
            yield Decision(
                "gateway controller",
                "Traefik, listeners 8000 and 8443",
                "they have the ports of its entry points, here those of its Helm chart; it reads"
                " no timeouts of a route, and has none of its own for answers",
            )
        case "envoy-gateway":
            yield Decision(
                "gateway controller",
                "Envoy Gateway",
                "without the route's timeout it ends requests after 15 s; it takes 60 KiB of"
                " headers",
            )
    if affinity.cookie(app) is None:
        return
    match wanted.controller:
        case "cilium":
            yield Decision(
                "affinity cookie",
                "Cilium 1.21",
                "before that it ignores sessionPersistence, and no session is lost",
            )
        case "envoy-gateway":
            yield Decision(
                "affinity cookie",
                "not Secure, not HttpOnly",
                "Envoy Gateway sets name, path and lifetime alone; it names a replica, not a user",
            )
        case "istio":
            yield Decision(
                "affinity cookie",
                "needs PILOT_ENABLE_PERSISTENT_SESSION_FILTER=true of istiod",
                "the Service's label does nothing without it, and no session is lost; the cookie"
                " ends with the browser",
            )
