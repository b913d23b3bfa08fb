"""The sticky cookie ends before the session does.

## What it checks

An edge keeps users at a pod by a cookie with a lifetime (`session-cookie-max-age`, `ttl`,
`maxAge`, `duration_seconds`, `absoluteTimeout`), sessions are in the pods, and the lifetime is
shorter than `SESSION_LIFETIME`.

## Why it matters

When the cookie ends, the next request meets any pod, which has not heard of the session: users
are logged out in the middle of their work.

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
            - {name: SESSION_LIFETIME, value: "120"}
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
    nginx.ingress.kubernetes.io/session-cookie-max-age: "3600"
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
            - {name: SESSION_LIFETIME, value: "120"}
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

Keep sessions in a store that all pods share. Or let the cookie live as long as the browser: take
its lifetime out.

## Limits

Only where sessions are in pods. A lifetime of zero is a cookie until the browser is closed.

## References

- ingress-nginx 1.15, rootfs/etc/nginx/lua/balancer/sticky.lua: the cookie is set when a pod is
  chosen, not renewed.
- istio #16937: users lost after `ttl: 40s`.
- Gateway API v1.6, SessionPersistence, `absoluteTimeout`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import lifetime, needed, span
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Stickiness
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Cookies of edges that end sooner than sessions."""
    for one in needed(target):
        if isinstance(one, Finding):
            continue
        process, _, affinity = one
        lasts = lifetime(process)
        if affinity.kind is Stickiness.CLIENT_IP or affinity.lifetime is None or lasts is None:
            continue
        if affinity.lifetime < lasts:
            yield Finding(
                affinity.place,
                f"Users are logged out {span(affinity.lifetime)} after they came, though sessions"
                f" last {span(lasts)}: the cookie of {affinity.by} ends, the next request meets any"
                " pod, and the session is in the one before.",
                "keep sessions where all pods reach them, or take the cookie's lifetime out",
                str(process),
                (Related(process.settings.place("session.lifetime"), "how long sessions last"),),
            )


RULE = Rule(
    "HF714",
    "affinity-cookie-ends-before-the-session",
    "The sticky cookie ends before the session does",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-14",),
)
