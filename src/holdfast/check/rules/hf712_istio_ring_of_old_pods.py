"""Istio 1.30.0 gives new pods no requests where a hash chooses them.

## What it checks

A DestinationRule has `consistentHash` for a Service with several pods of a web process, and the
Istio among the files is 1.30.0.

## Why it matters

Envoy 1.38, as it comes with 1.30.0, does not rebuild its hash ring when pods come: after scaling
out the new pods stand idle, and after a rollout requests go to pods that are gone, until
something else changes.

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
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec: {template: {spec: {containers: [{name: discovery, image: docker.io/istio/pilot:1.30.0}]}}}
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
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: istiod, namespace: istio-system}
spec: {template: {spec: {containers: [{name: discovery, image: docker.io/istio/pilot:1.30.1}]}}}
```

## How to fix

Istio 1.30.1 or later. A shared session store makes the hash unnecessary.

## Limits

The version is read from images of Istio among the files and from `spec.tag` of an IstioOperator.

## References

- istio #60312, envoy #45212: `coalesce_lb_rebuilds_on_batch_update`.
- Istio 1.30.1, release notes: fixed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.check.facts.affinity import sticky
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge, Stickiness
from holdfast.check.kubernetes.objects import text
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_BROKEN = re.compile(r"(?:^|/)(?:pilot|proxyv2):1\.30\.0(?:-[a-z]+)?(?:@.*)?$")


def check(target: Target) -> Iterator[Finding]:
    """Hashes below an Istio that does not rebuild them."""
    where = _broken_istio(target)
    if where is None:
        return
    for process, route, affinity in sticky(target):
        if route.edge is Edge.ISTIO and affinity.kind is not Stickiness.COOKIE:
            yield Finding(
                affinity.place,
                f"New pods of {process.workload} get no requests: {affinity.by} chooses them by a"
                " hash, and Istio 1.30.0 does not rebuild it when pods come or go.",
                "upgrade Istio to 1.30.1",
                str(process),
                (Related(where, "Istio 1.30.0"),),
            )


def _broken_istio(target: Target) -> Place | None:
    for workload in target.workloads:
        for container in workload.containers:
            if _BROKEN.search(container.image):
                return container.at("image")
    for operator in target.objects.of("IstioOperator"):
        if text(operator.get("spec", "tag")) == "1.30.0":
            return operator.at("spec", "tag")
    return None


RULE = Rule(
    "HF712",
    "istio-ring-of-old-pods",
    "Istio 1.30.0 gives new pods no requests where a hash chooses them",
    Severity.HIGH,
    check,
    gotchas=("AFF-12",),
)
