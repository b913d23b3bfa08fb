"""The ingress controller overwrites what the load balancer said about HTTPS.

## What it checks

A load balancer that speaks HTTP ends TLS in front of ingress-nginx (a Classic Load Balancer with
a certificate and `backend-protocol: http`, or an Ingress of the AWS Load Balancer Controller that
leads to it), and its ConfigMap does not set `use-forwarded-headers`.

## Why it matters

ingress-nginx gets plain HTTP and writes `X-Forwarded-Proto: http` over the balancer's `https`.
Laravel makes `http://` links and redirects, cookies lack Secure, and the login form posts to a
page that redirects: users go in circles, trusted proxies or not.

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
apiVersion: v1
kind: ConfigMap
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
  labels: {app.kubernetes.io/name: ingress-nginx}
data: {}
---
apiVersion: v1
kind: Service
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-ssl-cert: arn:aws:acm:eu-west-1:1:certificate/1
    service.beta.kubernetes.io/aws-load-balancer-backend-protocol: http
spec: {type: LoadBalancer, selector: {app.kubernetes.io/name: ingress-nginx}, ports: [{port: 443}]}
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
    nginx.ingress.kubernetes.io/proxy-body-size: 8m
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
  labels: {app.kubernetes.io/name: ingress-nginx}
data: {use-forwarded-headers: "true"}
---
apiVersion: v1
kind: Service
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-ssl-cert: arn:aws:acm:eu-west-1:1:certificate/1
    service.beta.kubernetes.io/aws-load-balancer-backend-protocol: http
spec: {type: LoadBalancer, selector: {app.kubernetes.io/name: ingress-nginx}, ports: [{port: 443}]}
```

## How to fix

`use-forwarded-headers: "true"` in the controller's ConfigMap, and `proxy-real-ip-cidr` with the
balancer's network, so that only it is believed.

## Limits

Load balancers of other clouds and CDNs in front are not seen. The controller is known by
`app.kubernetes.io/name: ingress-nginx`.

## References

- ingress-nginx 1.15, docs/user-guide/nginx-configuration/configmap.md, `use-forwarded-headers`:
  false, incoming X-Forwarded-* are replaced.
- Kubernetes, «Service», TLS support on AWS: HTTP selects proxying at layer 7, which sets
  X-Forwarded-Proto.
- deck9/input #30.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge
from holdfast.check.kubernetes.edges.controller import ends_tls_before, nginx_config
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """ingress-nginx behind a balancer that it does not believe."""
    config, before = nginx_config(target.objects), ends_tls_before(target.objects, target.routes)
    if config is None or before is None:
        return
    if str(config.get("data", "use-forwarded-headers")).lower() == "true":
        return
    for process in target.processes(Role.WEB):
        routes = target.routes_to(process.workload) if process.workload else ()
        if any(route.edge is Edge.INGRESS_NGINX for route in routes):
            yield Finding(
                config.at("data"),
                f"Users of {process.workload} are sent to http:// and go in circles: {before}"
                " ends TLS in front of ingress-nginx, which overwrites X-Forwarded-Proto with"
                " http, as use-forwarded-headers is not set.",
                'set use-forwarded-headers: "true" in the ConfigMap of ingress-nginx',
                str(process),
                (Related(before.at("metadata", "annotations"), f"{before} ends TLS"),),
            )


RULE = Rule(
    "HF403",
    "forwarded-scheme-lost",
    "The ingress controller overwrites what the load balancer said about HTTPS",
    Severity.HIGH,
    check,
    gotchas=("CKY-03",),
)
