"""Some paths of a host are sticky, others of the same host and Service are not.

## What it checks

Two Ingresses of ingress-nginx have the same host and lead to the same Service, one with
`affinity: cookie` and one without, and sessions are in the pods.

## Why it matters

ingress-nginx keeps users at a pod on the paths of the annotated Ingress alone. A request to the
other meets any pod, which starts an empty session and overwrites the browser's cookie with it:
from then on the user is logged out on the sticky paths too.

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
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: uploads
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 64m
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /uploads, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
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
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: uploads
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 64m
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /uploads, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## How to fix

Keep sessions in a store that all pods share. Or give all Ingresses of the host the same affinity
annotations.

## Limits

Only where sessions are in pods.

## References

- ingress-nginx 1.15, docs/user-guide/nginx-configuration/annotations.md, «Session Affinity»,
  attention: only paths on the Ingress with the annotation.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import needed
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge
from holdfast.check.kubernetes.edges.classes import NGINX
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Ingresses without affinity beside one that has it."""
    for one in needed(target):
        if isinstance(one, Finding):
            continue
        process, sticky, affinity = one
        if sticky.edge is not Edge.INGRESS_NGINX:
            continue
        for other in target.routes:
            if (
                other.affinity is None
                and (other.edge, other.host, other.service)
                == (sticky.edge, sticky.host, sticky.service)
                and other.object.annotations.get(NGINX + "canary") != "true"
            ):
                path = other.path or "/"
                yield Finding(
                    other.object.at("metadata", "name"),
                    f"A request to {other.host}{path} logs users out: {affinity.by} keeps them at"
                    f" one pod, but {other.object} sends them to any, which overwrites their"
                    " cookie with an empty session.",
                    "keep sessions in a shared store, or give both the same affinity annotations",
                    str(process),
                    (Related(affinity.place, f"affinity of {affinity.by}"),),
                )


RULE = Rule(
    "HF708",
    "affinity-on-some-paths-of-a-host",
    "Some paths of a host are sticky, others of the same host and Service are not",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-08",),
)
