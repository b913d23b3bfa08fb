"""Users come in by ingress-nginx, which gets no fixes any more.

## What it checks

The controller of ingress-nginx is among the files, and an Ingress that it serves leads to a web
process.

## Why it matters

ingress-nginx was retired in March 2026: no releases, no bug fixes, no fixes of security holes. It
terminates TLS and sees every session cookie. Its annotations, affinity among them, have no equal
of the same name elsewhere, so a hurried move changes what users meet.

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
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 8m
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
spec:
  template:
    spec:
      containers:
        - name: controller
          image: registry.k8s.io/ingress-nginx/controller:v1.15.0
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
  ingressClassName: traefik
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
spec:
  template:
    spec:
      containers:
        - name: controller
          image: docker.io/traefik:v3.7
```

## How to fix

Plan the move to a controller that is kept, of Ingress or of the Gateway API; keep sessions in a
shared store, so that affinity need not move along.

## Limits

Known by the image `ingress-nginx/controller`.

## References

- kubernetes.io, blog, 11 November 2025, «Ingress NGINX Retirement»; ingress-nginx, README.md, 20
  March 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges import Edge
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_IMAGE = re.compile(r"(?:^|/)ingress-nginx/controller(?:-chroot)?[:@]")


def check(target: Target) -> Iterator[Finding]:
    """The retired controller, where users of Laravel come in by it."""
    served = [
        process
        for process in target.processes(Role.WEB)
        if process.workload is not None
        and any(r.edge is Edge.INGRESS_NGINX for r in target.routes_to(process.workload))
    ]
    if not served:
        return
    for workload in target.workloads:
        for container in workload.containers:
            if _IMAGE.search(container.image):
                yield Finding(
                    container.at("image"),
                    f"Users of {served[0].workload} come in by ingress-nginx, which has had no"
                    " fixes since March 2026, of security holes neither.",
                    "plan the move to an ingress controller or a Gateway that is kept",
                    str(workload),
                )


RULE = Rule(
    "HF723",
    "retired-ingress-controller",
    "Users come in by ingress-nginx, which gets no fixes any more",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-23",),
)
