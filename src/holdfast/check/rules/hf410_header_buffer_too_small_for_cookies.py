"""Sessions are in cookies, and the edge's header buffer is too small for them.

## What it checks

The session driver is `cookie`, the edge is ingress-nginx, and neither the Ingress nor the
controller's ConfigMap sets `proxy-buffer-size`.

## Why it matters

All of the session goes into a response header. Encrypted, with the two other cookies, a session
of 1000 bytes makes 3.5 kB of headers. ingress-nginx reads response headers into one buffer of 4
kB: what is larger is answered with 502, «upstream sent too big header». It happens to users with
a full cart or a long form, and goes on happening to them.

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
            - {name: SESSION_DRIVER, value: cookie}
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
            - {name: SESSION_DRIVER, value: cookie}
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
    nginx.ingress.kubernetes.io/proxy-buffer-size: 16k
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
```

## How to fix

`nginx.ingress.kubernetes.io/proxy-buffer-size: 16k`. Better, keep sessions on the server:
browsers throw cookies above 4096 bytes away.

## Limits

Where the controller's ConfigMap is not among the files, `--strict` says so.

## References

- ingress-nginx 1.15, docs/user-guide/nginx-configuration/configmap.md, `proxy-buffer-size`: 4k.
- Illuminate/Session/CookieSessionHandler.php, Laravel 12.x; sizes by Holdfast's encrypter,
  AES-256-CBC.
- inertia-laravel #529.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge
from holdfast.check.kubernetes.edges.classes import NGINX
from holdfast.check.kubernetes.edges.controller import nginx_config
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Cookie sessions behind a buffer of 4 kB."""
    for process in target.processes(Role.WEB):
        if process.settings.text("session.driver") != "cookie" or process.workload is None:
            continue
        for route in target.routes_to(process.workload):
            said = route.object.annotations
            if route.edge is not Edge.INGRESS_NGINX or NGINX + "proxy-buffer-size" in said:
                continue
            config = nginx_config(target.objects)
            if config is not None and config.get("data", "proxy-buffer-size") is not None:
                continue
            yield Finding(
                route.object.at("metadata", "name"),
                f"Users with more than about 1 kB in their session get 502 from {route.object}:"
                " SESSION_DRIVER is cookie, so the session is in a response header, and"
                " ingress-nginx takes 4 kB of headers."
                + ("" if config else " Its ConfigMap, which may say more, is not here."),
                f"add {NGINX}proxy-buffer-size: 16k",
                str(process),
                (Related(process.settings.place("session.driver"), "sessions in cookies"),),
                unknown=config is None,
            )


RULE = Rule(
    "HF410",
    "header-buffer-too-small-for-cookies",
    "Sessions are in cookies, and the edge's header buffer is too small for them",
    Severity.HIGH,
    check,
    gotchas=("CKY-10",),
)
