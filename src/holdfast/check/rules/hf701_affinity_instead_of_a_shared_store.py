"""Sticky sessions stand in for a store that all pods share.

## What it checks

The session driver of a web process keeps sessions in its pod (`file` without a shared volume, or
`apc`), several pods answer, and an edge or a Service keeps each user at one of them.

## Why it matters

Affinity hides the fault of HF101 until a pod goes. Each rollout, scale-down, eviction and lost
node takes the sessions of its pod along: a third of the users of three pods each time, all of
them by the end of a rollout. Edges that hash move users even when a pod is added.

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
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## How to fix

`SESSION_DRIVER=redis` with a Redis of its own, or `database`; then take the affinity out, it has
no use any more.

## Limits

A driver that cannot be told is said so by `--strict`.

## References

- Gateway API, GEP-1619: an application that needs persistence must take care of draining and
  moving its sessions itself.
- Illuminate/Session/FileSessionHandler.php, Laravel 12.x.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import needed
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Affinity to pods that keep sessions themselves."""
    for one in needed(target):
        if isinstance(one, Finding):
            yield one
            continue
        process, _, affinity = one
        yield Finding(
            affinity.place,
            f"Each rollout and each lost node logs users of {process.workload} out: {affinity.by}"
            " keeps a user at one pod, and the sessions are in that pod alone.",
            "keep sessions where all pods reach them, SESSION_DRIVER=redis, and take this out",
            str(process),
            (Related(process.settings.place("session.driver"), "what keeps them in the pod"),),
        )


RULE = Rule(
    "HF701",
    "affinity-instead-of-a-shared-store",
    "Sticky sessions stand in for a store that all pods share",
    Severity.HIGH,
    check,
    gotchas=("AFF-01",),
)
