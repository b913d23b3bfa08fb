"""Affinity by a hash moves users whenever pods come or go.

## What it checks

An edge chooses the pod by a hash (`consistentHash` of Istio, `upstream-hash-by` of ingress-nginx,
`lb-method: hash` of NGINX Ingress Controller), several pods answer, and sessions are in the pods.

## Why it matters

The hash is of the pods that are there: each rollout, scaling and lost node changes them, and a
part of all users is given to another pod, where they are logged out. It happens to users whose
own pod is well, too.

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

Keep sessions in a store that all pods share. A hash is fine for what may be computed again, such
as a cache.

## Limits

Only where sessions are in pods.

## References

- Istio 1.30, DestinationRule, ConsistentHashLB: the affinity to a host is lost when hosts are
  added or removed.
- nginx, ngx_http_upstream_module, `hash`: a few keys are remapped when a server is added or
  removed (ketama).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import needed
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge, Stickiness
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Hashes over pods that keep sessions themselves."""
    for one in needed(target):
        if isinstance(one, Finding):
            continue
        process, route, affinity = one
        if affinity.kind is not Stickiness.COOKIE and affinity.moves and route.edge in _HASHING:
            assert process.workload is not None
            scale = process.workload.scale
            yield Finding(
                affinity.place,
                f"Each pod of {process.workload} that comes or goes logs users of the others out:"
                f" {affinity.by} chooses pods by a hash over those that are there, and sessions"
                " are in the pods.",
                "keep sessions where all pods reach them: SESSION_DRIVER=redis",
                str(process),
                (Related(scale.place, f"{scale}, says {scale.by}"),),
            )


_HASHING = (Edge.ISTIO, Edge.INGRESS_NGINX, Edge.NGINX_INC)


RULE = Rule(
    "HF711",
    "hashed-affinity-moves-users",
    "Affinity by a hash moves users whenever pods come or go",
    Severity.HIGH,
    check,
    gotchas=("AFF-11",),
)
