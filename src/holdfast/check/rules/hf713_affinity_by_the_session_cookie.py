"""Affinity goes by Laravel's own cookie, which is new with each response.

## What it checks

The cookie that an edge hashes (`consistentHash.httpCookie`, `upstream-hash-by: $cookie_...`), or
the one that it sets itself, has the name of Laravel's session cookie or is `XSRF-TOKEN`.

## Why it matters

Laravel encrypts both anew for each response, under a fresh random vector: the id in it stays, its
bytes never do. A hash of them sends each request to another pod. An edge that sets a cookie of
that name itself overwrites Laravel's, and users are logged out at once.

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
            - {name: SESSION_COOKIE, value: shop_session}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/edge]
  http: [{route: [{destination: {host: shop}}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec:
  host: shop
  trafficPolicy:
    loadBalancer:
      consistentHash: {httpCookie: {name: shop_session, ttl: 0s}}
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
            - {name: SESSION_COOKIE, value: shop_session}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/edge]
  http: [{route: [{destination: {host: shop}}]}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: shop}
spec:
  host: shop
  trafficPolicy:
    loadBalancer:
      consistentHash: {httpCookie: {name: affinity, ttl: 0s}}
```

## How to fix

Give the edge a cookie of its own, by another name. Better, keep sessions in a store that all pods
share and do without.

## Limits

Where the cookie's name cannot be told (it is made of APP_NAME, and the project is not among the
files), a name that ends in `session` is said by `--strict`. An application that leaves its
cookies unencrypted is judged wrongly.

## References

- Illuminate/Encryption/Encrypter.php, Laravel 12.x, `encrypt()`: `random_bytes` for the vector.
- Illuminate/Session/Middleware/StartSession.php and
  Illuminate/Foundation/Http/Middleware/VerifyCsrfToken.php: both cookies are set with every
  response.
- Istio 1.30, DestinationRule, HTTPCookie; ingress-nginx 1.15, annotations.md, «Custom NGINX
  upstream hashing».
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import sticky
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges import Stickiness
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_CSRF = "XSRF-TOKEN"


def check(target: Target) -> Iterator[Finding]:
    """Affinity whose cookie is Laravel's."""
    for process, _, affinity in sticky(target):
        asked = affinity.cookie.lower()
        if not asked or affinity.kind is Stickiness.CLIENT_IP:
            continue
        known = process.settings.text("session.cookie").lower()
        if asked not in (known, _CSRF.lower()):
            if (
                not known
                and asked.endswith("session")
                and (lack := process.unknown("session.cookie"))
            ):
                yield lack
            continue
        if affinity.kind is Stickiness.HASH:
            what = (
                f"Each request may meet another pod of {process.workload}: {affinity.by} hashes the"
                f" cookie {affinity.cookie}, which Laravel encrypts anew for each response."
            )
        else:
            what = (
                f"Users of {process.workload} are logged out with the first response:"
                f" {affinity.by} sets a cookie {affinity.cookie} of its own, which overwrites"
                " Laravel's."
            )
        yield Finding(
            affinity.cookie_place or affinity.place,
            what,
            "give the edge a cookie of another name, or take the affinity out",
            str(process),
        )


RULE = Rule(
    "HF713",
    "affinity-by-the-session-cookie",
    "Affinity goes by Laravel's own cookie, which is new with each response",
    Severity.HIGH,
    check,
    gotchas=("AFF-13",),
)
