"""Scaling up moves users to pods that do not have their sessions.

## What it checks

An Ingress of ingress-nginx has `affinity: cookie` without `affinity-mode: persistent`, an
autoscaler changes the number of pods, and sessions are in the pods.

## Why it matters

In the mode `balanced`, the default, some users are given to a new pod when there is one. It has
never heard of their sessions: they are logged out each time the load rises.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  revisionHistoryLimit: 3
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
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 10
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  revisionHistoryLimit: 3
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
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/affinity: cookie
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 10
```

## How to fix

Keep sessions in a store that all pods share. `nginx.ingress.kubernetes.io/affinity-mode:
persistent` spares users when pods are added, not when they go.

## Limits

Only where sessions are in pods.

## References

- ingress-nginx 1.15, docs/user-guide/nginx-configuration/annotations.md, «Session Affinity».
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import needed
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge, Stickiness
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Balanced affinity below an autoscaler."""
    for one in needed(target):
        if isinstance(one, Finding):
            continue
        process, route, affinity = one
        if route.edge is not Edge.INGRESS_NGINX or affinity.kind is not Stickiness.COOKIE:
            continue
        assert process.workload is not None
        scale = process.workload.scale
        if affinity.moves and scale.least != scale.most:
            yield Finding(
                affinity.place,
                f"Users are logged out when {process.workload} is scaled up ({scale}):"
                " affinity-mode is balanced, which gives some of them to the new pods, and the"
                " sessions stay in the old ones.",
                "keep sessions where all pods reach them: SESSION_DRIVER=redis",
                str(process),
                (Related(scale.place, f"{scale}, says {scale.by}"),),
            )


RULE = Rule(
    "HF705",
    "affinity-rebalances-when-scaled",
    "Scaling up moves users to pods that do not have their sessions",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-05",),
)
