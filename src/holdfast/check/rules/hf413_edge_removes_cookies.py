"""The edge takes cookies out of requests or responses.

## What it checks

What serves all of a web process removes the header `Set-Cookie` of responses or `Cookie` of
requests: an HTTPRoute, a VirtualService, a Middleware of Traefik, a snippet of ingress-nginx, or
nginx in the pod or the repository.

## Why it matters

The browser never gets the session cookie, or it never arrives: each request starts a new session.
Nobody can log in, and every form answers 419.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: traefik.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec:
  gatewayClassName: edge
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: public}]
  hostnames: [shop.example.com]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      filters:
        - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [Set-Cookie]}}
      backendRefs: [{name: shop, port: 80}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: traefik.io/gateway-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec:
  gatewayClassName: edge
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: public}]
  hostnames: [shop.example.com]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      filters:
        - {type: ResponseHeaderModifier, responseHeaderModifier: {remove: [Server]}}
      backendRefs: [{name: shop, port: 80}]
```

## How to fix

Take the header out of the list. Where cookies are to be kept from cached assets, do it for their
path alone.

## Limits

A rule for a path below `/` is taken for assets. Web application firewalls and EnvoyFilters are
not seen.

## References

- Gateway API v1.6, HTTPHeaderFilter, `remove`.
- Istio 1.30, VirtualService, Headers.HeaderOperations.
- Traefik v3.7, Headers middleware: an empty value removes a header.
- nginx, `proxy_hide_header`; headers-more-nginx-module, `more_clear_headers`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.check.facts.web_server import configurations, every_page
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges import Edge, Route
from holdfast.check.kubernetes.edges.traefik import middlewares_of
from holdfast.check.kubernetes.objects import get, items
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.sources.nginx import Directive, walk
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_HINT = "take the header out, or remove it for the path of assets alone"


def check(target: Target) -> Iterator[Finding]:
    """Cookies that get lost on the way."""
    for process in target.processes(Role.WEB):
        routes = target.routes_to(process.workload) if process.workload else ()
        for route in routes:
            if route.path in ("", "/"):
                for header, place in _removed(target, route):
                    yield Finding(place, _message(header, str(route.object)), _HINT, str(process))
    for configuration in configurations(target):
        for directive, above in walk(configuration.directives):
            header = _hidden(directive)
            if header and every_page(above):
                yield Finding(
                    directive.place,
                    _message(header, directive.name),
                    _HINT,
                    configuration.subject,
                )


def _message(header: str, by: str) -> str:
    whose = "responses" if header == "set-cookie" else "requests"
    return (
        f"Nobody can log in: {by} takes {header.title()} out of {whose}, so each request starts a"
        " new session."
    )


def _removed(target: Target, route: Route) -> Iterator[tuple[str, Place]]:
    """What the rule of a route removes: the header and where that is said."""
    owner, rule = route.object, route.object.get(*route.rule)
    if route.edge is Edge.GATEWAY:
        for index, entry in enumerate(items(rule, "filters")):
            for part, header in (("request", "cookie"), ("response", "set-cookie")):
                if _names(get(entry, f"{part}HeaderModifier", "remove"), header):
                    yield header, owner.at(*route.rule, "filters", index)
    elif route.edge is Edge.ISTIO:
        for part, header in (("request", "cookie"), ("response", "set-cookie")):
            if _names(get(rule, "headers", part, "remove"), header):
                yield header, owner.at(*route.rule, "headers", part, "remove")
    elif route.edge is Edge.TRAEFIK and owner.kind == "IngressRoute":
        for middleware in middlewares_of(owner, rule, target.objects):
            for part, header in (("Request", "cookie"), ("Response", "set-cookie")):
                path = ("spec", "headers", f"custom{part}Headers")
                said = middleware.get(*path)
                for name, value in said.items() if isinstance(said, Mapping) else ():
                    if name.lower() == header and value == "":
                        yield header, middleware.key_at(*path, name)


def _names(removed: Any, header: str) -> bool:
    return isinstance(removed, list) and header in [str(name).lower() for name in removed]


def _hidden(directive: Directive) -> str:
    """The header that a directive of nginx takes out; empty for none."""
    words = [word.lower() for word in directive.arguments]
    match directive.name:
        case "proxy_hide_header" | "fastcgi_hide_header" | "more_clear_headers":
            return "set-cookie" if "set-cookie" in words else ""
        case "more_clear_input_headers":
            return "cookie" if "cookie" in words else ""
        case "proxy_set_header":
            return "cookie" if words == ["cookie", ""] else ""
    return ""


RULE = Rule(
    "HF413",
    "edge-removes-cookies",
    "The edge takes cookies out of requests or responses",
    Severity.MEDIUM,
    check,
    gotchas=("CKY-13",),
)
