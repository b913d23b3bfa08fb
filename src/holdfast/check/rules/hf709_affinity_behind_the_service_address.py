"""The edge sets a sticky cookie, but does not choose the pod.

## What it checks

An edge has cookie affinity and sends to the Service's own address instead of pods: ingress-nginx
with `service-upstream: "true"`, NGINX Ingress Controller with `use-cluster-ip`, Traefik with
`nativelb`.

## Why it matters

The cookie comes and looks right, but there is one upstream only, the Service. kube-proxy, or a
mesh, gives each connection to any pod. Whoever counts on affinity has none.

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
    nginx.ingress.kubernetes.io/service-upstream: "true"
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

## How to fix

Take `service-upstream` out (in a mesh its own gateway can do the affinity), or take the affinity
out, and keep sessions in a store that all pods share.

## Limits

Where `service-upstream` is set for all of the controller in its ConfigMap, that is not seen.

## References

- ingress-nginx 1.15, docs/user-guide/nginx-configuration/annotations.md, «Service Upstream»,
  Known Issues: sticky sessions will not work.
- Traefik v3.7, reference/routing-configuration/kubernetes/ingress, `service.nativelb`: the load
  balancer's child is the Service itself.
- linkerd2 #4956.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import sticky
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges import Edge
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Affinity of edges that send to the Service."""
    for process, route, affinity in sticky(target):
        if route.to_pods is False and route.edge is not Edge.SERVICE:
            yield Finding(
                affinity.place,
                f"Users do not stay at a pod of {process.workload}, though {affinity.by} asks for"
                f" it: {route.edge} is told to send to the Service's own address, behind which"
                " any pod answers.",
                "take out service-upstream, use-cluster-ip or nativelb, or the affinity",
                str(process),
            )


RULE = Rule(
    "HF709",
    "affinity-behind-the-service-address",
    "The edge sets a sticky cookie, but does not choose the pod",
    Severity.HIGH,
    check,
    gotchas=("AFF-09",),
)
