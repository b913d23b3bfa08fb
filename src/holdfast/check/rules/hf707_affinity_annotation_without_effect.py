"""An annotation that asks for affinity is not read by anybody.

## What it checks

An Ingress that leads to a web process has an affinity annotation that its controller does not
know: a misspelt name or value (`affinity-node`, `affinity: "true"`), one of another controller,
or Traefik's `service.sticky...` or HAProxy's `cookie-persistence` at the Ingress, where it belongs
to the Service.

## Why it matters

Annotations are free text: nobody complains. Whoever counts on affinity has none, or has
`balanced` where `persistent` was meant.

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
            - {name: SESSION_DRIVER, value: file}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/affinity: cookie
    nginx.ingress.kubernetes.io/affinity-node: persistent
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
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
            - {name: SESSION_DRIVER, value: file}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/affinity: cookie
    nginx.ingress.kubernetes.io/affinity-mode: persistent
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## How to fix

Write it as the controller's documentation does. Better, keep sessions in a store that all pods
share and take it out.

## Limits

Annotations of ingress-nginx that begin with `affinity` or `session-cookie`, Traefik's and
HAProxy's. A class that is not known is not judged. HAProxy's controller read `cookie-persistence`
at an Ingress up to 3.2: which version serves it no manifest says, so only `--strict` speaks of it.

## References

- ingress-nginx 1.15, internal/ingress/annotations/sessionaffinity/main.go: all that are read, and
  their values.
- Traefik v3.7, reference/routing-configuration/kubernetes/ingress, «On Service».
- HAProxy Kubernetes Ingress Controller, documentation/annotations.md, `cookie-persistence`, and
  2fa2ea61: read at the Service alone.
- ingress-nginx #5944: a user's `affinity-node`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges import Edge, Route
from holdfast.check.kubernetes.edges.classes import HAPROXY, NGINX, TRAEFIK
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_NAMES = (
    "affinity", "affinity-mode", "affinity-canary-behavior", "session-cookie-name",
    "session-cookie-secure", "session-cookie-expires", "session-cookie-max-age",
    "session-cookie-path", "session-cookie-domain", "session-cookie-samesite",
    "session-cookie-conditional-samesite-none", "session-cookie-change-on-failure",
)  # fmt: skip
# Read by nobody since ingress-nginx PR 3743 (2019), and harmless: the cookie is set all the same.
_OBSOLETE = ("session-cookie-hash",)
_VALUES = {
    "affinity": ("cookie",),
    "affinity-mode": ("balanced", "persistent", "persistent-drainable"),
    "affinity-canary-behavior": ("sticky", "legacy"),
}


def check(target: Target) -> Iterator[Finding]:
    """Annotations that nobody reads."""
    for process in target.processes(Role.WEB):
        if process.workload is None:
            continue
        for route in target.routes_to(process.workload):
            if route.object.kind != "Ingress":
                continue
            for name, why, hint in _ignored(route):
                yield Finding(
                    route.object.key_at("metadata", "annotations", name),
                    f"Users may not stay at a pod of {process.workload} as {route.object} asks:"
                    f" {name} has no effect, {why}.",
                    hint,
                    str(process),
                )
            yield from _of_haproxy(route, process)


def _of_haproxy(route: Route, process: Process) -> Iterator[Finding]:
    """What it read at an Ingress once, and no longer does."""
    name = HAPROXY + "cookie-persistence"
    if route.edge is Edge.HAPROXY and name in route.object.annotations:
        yield Finding(
            route.object.key_at("metadata", "annotations", name),
            f"Whether users stay at a pod of {process.workload} cannot be told: after 3.2"
            f" {route.edge} reads {name} at the Service alone.",
            "move it to the Service, where each version reads it",
            str(process),
            unknown=True,
        )


def _ignored(route: Route) -> Iterator[tuple[str, str, str]]:
    for name, value in route.object.annotations.items():
        short = name.removeprefix(NGINX)
        if name.startswith(TRAEFIK + "service.sticky.") and route.edge is Edge.TRAEFIK:
            yield name, "Traefik reads it at the Service alone", "move it to the Service"
        if short == name or not short.startswith(("affinity", "session-cookie")):
            continue
        if route.edge is not Edge.INGRESS_NGINX:
            if route.edge is not Edge.UNKNOWN and short == "affinity":
                why = f"the Ingress is served by {route.edge}, and it is one of ingress-nginx"
                yield name, why, "use what that controller reads, or a shared session store"
        elif short not in (*_NAMES, *_OBSOLETE):
            near = difflib.get_close_matches(short, _NAMES, 1)
            meant = f"is {near[0]} meant?" if near else "take it out"
            yield name, "ingress-nginx knows no such annotation", meant
        elif short in _VALUES and value not in _VALUES[short]:
            known = " or ".join(_VALUES[short])
            yield name, f"its value can be {known}, not «{value[:40]}»", f"write {known}"


RULE = Rule(
    "HF707",
    "affinity-annotation-without-effect",
    "An annotation that asks for affinity is not read by anybody",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-07",),
)
