"""The path of the sticky cookie is a regular expression, so it never comes back.

## What it checks

An Ingress of ingress-nginx has `affinity: cookie`, paths that are regular expressions
(`use-regex`, or `rewrite-target` with groups), and no `session-cookie-path`.

## Why it matters

ingress-nginx makes the path as it is written the path of its cookie: `/shop(/|$)(.*)`. No address
begins like that, so browsers never send the cookie: each request gets a new one and another pod.

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
    nginx.ingress.kubernetes.io/rewrite-target: /$2
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: "/shop(/|$)(.*)"
            pathType: ImplementationSpecific
            backend: {service: {name: shop, port: {number: 80}}}
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
    nginx.ingress.kubernetes.io/rewrite-target: /$2
    nginx.ingress.kubernetes.io/session-cookie-path: /shop
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: "/shop(/|$)(.*)"
            pathType: ImplementationSpecific
            backend: {service: {name: shop, port: {number: 80}}}
```

## How to fix

`nginx.ingress.kubernetes.io/session-cookie-path: /shop`. Better, keep sessions in a store that
all pods share.

## Limits

None.

## References

- ingress-nginx 1.15, docs/user-guide/nginx-configuration/annotations.md, «Cookie affinity» and
  «Use Regex»; rootfs/etc/nginx/lua/balancer/sticky.lua.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.check.facts.affinity import sticky
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge, Stickiness
from holdfast.check.kubernetes.edges.classes import NGINX
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_PATTERN = re.compile(r"[()\[\]{}*+?^$|\\]")


def check(target: Target) -> Iterator[Finding]:
    """Sticky cookies below patterns."""
    for process, route, affinity in sticky(target):
        said = route.object.annotations
        if route.edge is not Edge.INGRESS_NGINX or affinity.kind is not Stickiness.COOKIE:
            continue
        patterns = route.regex or bool(route.rewrite)
        if patterns and _PATTERN.search(route.path) and NGINX + "session-cookie-path" not in said:
            yield Finding(
                affinity.place,
                f"Users do not stay at a pod of {process.workload}, though {affinity.by} asks for"
                f" it: the sticky cookie is for the path «{route.path}», which no address begins"
                " with, so browsers never send it.",
                f"add {NGINX}session-cookie-path with the path that users see",
                str(process),
                (Related(route.place, f"the route to {route.path}"),),
            )


RULE = Rule(
    "HF407",
    "sticky-cookie-path-is-a-pattern",
    "The path of the sticky cookie is a regular expression, so it never comes back",
    Severity.MEDIUM,
    check,
    gotchas=("CKY-07",),
)
