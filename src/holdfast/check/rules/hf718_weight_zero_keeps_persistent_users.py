"""Weight 0 does not drain a backend whose users are persistent.

## What it checks

A rule of an HTTPRoute has `sessionPersistence` and a backend of weight 0 that leads to a web
process.

## Why it matters

Persistence wins over weight: whoever has the cookie goes on to the backend of weight 0. The move
to the other one never ends, and who takes the old backend away logs those users out or shows them
an error, depending on the store.

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
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec:
  gatewayClassName: edge
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: public}]
  hostnames: [shop.example.com]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      sessionPersistence: {sessionName: at}
      backendRefs: [{name: shop, port: 80, weight: 0}, {name: shop-next, port: 80, weight: 100}]
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
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec:
  gatewayClassName: edge
  listeners: [{name: http, port: 80, protocol: HTTP}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: public}]
  hostnames: [shop.example.com]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      sessionPersistence: {sessionName: at}
      backendRefs: [{name: shop-next, port: 80}]
```

## How to fix

Take the old backend out of the rule, so that its users are given to the new one; with a session
store that both share they notice nothing.

## Limits

None.

## References

- Gateway API, GEP-1619, «Traffic Splitting»: once a session is established, requests go to the
  same backend regardless of weight.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges.gateway import persistent_routes, refers_to
from holdfast.check.kubernetes.objects import get, items, whole
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Backends of weight 0 in rules with persistence."""
    webs = [(p, p.workload) for p in target.processes(Role.WEB) if p.workload is not None]
    for route, index, rule in persistent_routes(target.objects):
        for number, backend in enumerate(items(rule, "backendRefs")):
            if whole(get(backend, "weight")) != 0:
                continue
            for process, workload in webs:
                if any(refers_to(route, backend, service) for service in workload.services):
                    yield Finding(
                        route.at("spec", "rules", index, "backendRefs", number, "weight"),
                        f"Users who are at {workload} stay there, though {route} gives it weight 0:"
                        " sessionPersistence sends whoever has its cookie on to the same backend.",
                        "take the backend out of the rule; its users go to the others then",
                        str(process),
                    )


RULE = Rule(
    "HF718",
    "weight-zero-keeps-persistent-users",
    "Weight 0 does not drain a backend whose users are persistent",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-18",),
)
