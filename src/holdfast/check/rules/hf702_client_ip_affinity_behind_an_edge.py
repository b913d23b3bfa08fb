"""The Service's ClientIP affinity has no effect: the edge sends to pods itself.

## What it checks

A Service has `sessionAffinity: ClientIP`, leads to several pods of a web process, and is the
backend of an edge that chooses pods itself (ingress-nginx, NGINX Ingress Controller, Traefik,
HAProxy, Contour, Istio).

## Why it matters

These edges read the addresses of the pods and pass kube-proxy by, which alone knows
`sessionAffinity`. Whoever counts on it has users at a random pod with each request.

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
spec: {sessionAffinity: ClientIP, selector: {app: shop}, ports: [{port: 80}]}
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

Keep sessions in a store that all pods share. Where affinity is wanted for something else, ask the
edge for it: ingress-nginx `nginx.ingress.kubernetes.io/affinity: cookie`, Traefik
`traefik.ingress.kubernetes.io/service.sticky.cookie: "true"` at the Service.

## Limits

Edges that send to the Service's own address (`service-upstream`, `use-cluster-ip`, `nativelb`)
meet kube-proxy, but with the edge's address for the client's. An edge that keeps users at a pod
itself is right. A Service of type LoadBalancer is
left alone: it may be used directly too.

## References

- ingress-nginx 1.15, docs/user-guide/nginx-configuration/annotations.md, «Service Upstream»: by
  default the endpoints, not the Service.
- Traefik v3.7, reference/routing-configuration/kubernetes/ingress, `service.nativelb`.
- Kubernetes, «Virtual IPs and Service Proxies», Session affinity: done by kube-proxy.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges.service import client_ip
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Services with ClientIP whose pods an edge chooses."""
    for process in target.processes(Role.WEB):
        workload = process.workload
        if workload is None or not workload.scale.several:
            continue
        for service in workload.services:
            asked = client_ip(service)
            if asked is None or service.get("spec", "type") in ("LoadBalancer", "NodePort"):
                continue
            for route in target.routes_to(workload):
                if route.affinity is None and route.to_pods and route.service[1] == service.name:
                    yield Finding(
                        asked.place,
                        f"Users of {process.name} may meet another pod with each request, for all"
                        f" that {service} asks for: {route.edge} sends to the pods itself, past"
                        " kube-proxy, which alone knows sessionAffinity.",
                        "keep sessions in a shared store and take sessionAffinity out; affinity for"
                        " something else is asked of the edge",
                        str(process),
                        (
                            Related(
                                route.object.at("metadata", "name"), f"{route.object} leads here"
                            ),
                        ),
                    )


RULE = Rule(
    "HF702",
    "client-ip-affinity-behind-an-edge",
    "The Service's ClientIP affinity has no effect: the edge sends to pods itself",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-02",),
)
