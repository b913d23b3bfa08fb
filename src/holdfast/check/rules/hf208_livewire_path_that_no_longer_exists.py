"""The edge has a path for Livewire that version 4 does not use.

## What it checks

The project has Livewire 4, and an edge has a rule for a path below `/livewire/`.

## Why it matters

Livewire 4 answers below `/livewire-` and eight hex digits of a hash of `APP_KEY`. A rule for
`/livewire/` matches nothing any more: what it was there for (a larger body for uploads, no cache,
a way past a login of the edge) does not reach Livewire, and its requests go by the other rules.
Where there is no other, they end in 404.

## Bad

```json composer.json
{"require": {"laravel/framework": "*", "livewire/livewire": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"},
  {"name": "livewire/livewire", "version": "v4.1.2"}
]}
```

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /livewire/
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 80}}}
```

## Good

```json composer.json
{"require": {"laravel/framework": "*", "livewire/livewire": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"},
  {"name": "livewire/livewire", "version": "v4.1.2"}
]}
```

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80}]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: shop, port: {number: 80}}}
```

## How to fix

Leave Livewire's paths to the rule of the whole host, or match them by a regular expression
(`/livewire-[0-9a-f]{8}/`). The path changes with `APP_KEY`.

## Limits

Paths that the application sets itself (`Livewire::setUpdateRoute`) are not looked for.

## References

- livewire/livewire, Mechanisms/HandleRequests/EndpointResolver.php, 4.4.1: `prefix`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import with_code
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.packages import packages

_OLD = "/livewire/"


def check(target: Target) -> Iterator[Finding]:
    """Rules of edges for Livewire's former path."""
    for app, directory in with_code(target):
        found = directory.of(packages).get("livewire/livewire")
        if found is None or found.numbers is None or found.numbers[0] < 4:
            continue
        workloads = {p.workload for p in app.processes if p.workload is not None}
        for route in dict.fromkeys(r for w in workloads for r in target.routes_to(w)):
            if not f"{route.path.lstrip('^').rstrip('/*')}/".startswith(_OLD):
                continue
            yield Finding(
                route.place,
                f"The rule for «{route.path}» matches nothing: Livewire {found.version} answers"
                " below /livewire-<hash of APP_KEY>/.",
                "remove the rule, or match /livewire-[0-9a-f]{8}/",
                str(route.object),
            )


RULE = Rule(
    "HF208",
    "livewire-path-that-no-longer-exists",
    "The edge has a path for Livewire that version 4 does not use",
    Severity.HIGH,
    check,
    gotchas=("KEY-08",),
)
