"""The load balancer keeps users at a node, behind which any pod answers.

## What it checks

An Ingress of the AWS Load Balancer Controller has `target-type: instance` and
`stickiness.enabled=true`, leads to several pods, and sessions are in the pods.

## Why it matters

The targets are nodes: the cookie names a node's port, and kube-proxy gives each connection to any
pod of the Service, on any node. Users are logged out at random, with the cookie in place.

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
    alb.ingress.kubernetes.io/target-group-attributes: stickiness.enabled=true
    alb.ingress.kubernetes.io/target-type: instance
spec:
  ingressClassName: alb
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
    alb.ingress.kubernetes.io/target-group-attributes: stickiness.enabled=true
    alb.ingress.kubernetes.io/target-type: ip
spec:
  ingressClassName: alb
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## How to fix

Keep sessions in a store that all pods share; `alb.ingress.kubernetes.io/target-type: ip` makes
pods the targets.

## Limits

Only where sessions are in pods, and where the target type is written down: its default is the
controller's setting.

## References

- AWS Load Balancer Controller v2, guide/ingress/annotations, `target-type`: `ip` mode is required
  for sticky sessions to work.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import needed
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Stickiness that ends at nodes."""
    for one in needed(target):
        if isinstance(one, Finding):
            continue
        process, _, affinity = one
        if affinity.to_node:
            yield Finding(
                affinity.place,
                f"Users of {process.workload} are logged out at random: {affinity.by} keeps them at"
                " a node, and any pod answers behind it, but the session is in one pod.",
                "keep sessions in a shared store: SESSION_DRIVER=redis",
                str(process),
            )


RULE = Rule(
    "HF721",
    "sticky-to-a-node",
    "The load balancer keeps users at a node, behind which any pod answers",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-21",),
)
