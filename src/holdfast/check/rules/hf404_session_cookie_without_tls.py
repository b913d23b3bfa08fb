"""The session cookie may travel without TLS, though the host has it.

## What it checks

`SESSION_SECURE_COOKIE` is false, and the edge ends TLS for a host that leads to the web process.

## Why it matters

The browser sends the cookie to `http://` addresses of the host too: one link, one image, one
address typed without scheme, and whoever is on the way has the session. A redirect to HTTPS comes
after the cookie was sent.

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
            - {name: SESSION_SECURE_COOKIE, value: "false"}
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
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: shop-tls}]
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
            - {name: SESSION_DRIVER, value: redis}
            - {name: SESSION_SECURE_COOKIE, value: "true"}
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
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: shop-tls}]
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## How to fix

`SESSION_SECURE_COOKIE=true`. Or leave it out: Laravel makes the cookie Secure then where the
request was HTTPS, which takes trusted proxies (HF401).

## Limits

Only where the setting is known and false.

## References

- config/session.php, Laravel 8 to 13, `secure`.
- RFC 6265, 4.1.2.5: the Secure attribute.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Cookies that are not Secure where there is TLS."""
    for process in target.processes(Role.WEB):
        if process.settings.scalar("session.secure") is not False or process.workload is None:
            continue
        route = next((r for r in target.routes_to(process.workload) if r.tls), None)
        if route is not None:
            yield Finding(
                process.settings.place("session.secure"),
                f"Who listens can take over sessions of {route.host or process.workload}: their"
                " cookie is sent over plain HTTP too, as SESSION_SECURE_COOKIE is false.",
                "SESSION_SECURE_COOKIE=true",
                str(process),
                (Related(route.place, f"{route.object} has TLS"),),
            )


RULE = Rule(
    "HF404",
    "session-cookie-without-tls",
    "The session cookie may travel without TLS, though the host has it",
    Severity.LOW,
    check,
    gotchas=("CKY-04",),
)
