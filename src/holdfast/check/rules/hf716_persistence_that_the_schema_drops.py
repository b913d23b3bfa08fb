"""The installed Gateway API does not know the session persistence that is asked for.

## What it checks

An HTTPRoute that leads to a web process has `sessionPersistence`, or a field of it, that the
CustomResourceDefinition among the files does not have.

## Why it matters

The field is experimental: the standard channel leaves it out, v1.6 dropped `idleTimeout`, and
later versions have another shape. What the schema does not have is dropped when the object is
stored, without an error from most tools, and users are not kept at a pod, or not for as long.

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
      backendRefs: [{name: shop, port: 80}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: httproutes.gateway.networking.k8s.io}
spec:
  group: gateway.networking.k8s.io
  names: {kind: HTTPRoute, plural: httproutes}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          properties:
            spec:
              properties:
                rules:
                  items:
                    properties: {backendRefs: {}}
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
      backendRefs: [{name: shop, port: 80}]
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: httproutes.gateway.networking.k8s.io}
spec:
  group: gateway.networking.k8s.io
  names: {kind: HTTPRoute, plural: httproutes}
  scope: Namespaced
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          properties:
            spec:
              properties:
                rules:
                  items:
                    properties:
                      backendRefs: {}
                      sessionPersistence:
                        properties: {sessionName: {}, absoluteTimeout: {}, type: {}}
```

## How to fix

Install the experimental channel of the version that the fields are written for, or write them for
the one that is there. Better, keep sessions in a store that all pods share.

## Limits

Only where the CustomResourceDefinition is among the files.

## References

- Gateway API v1.2.1, v1.5.0 and v1.6.1, standard and experimental CRDs.
- Kubernetes, «Extend the Kubernetes API with CustomResourceDefinitions», field pruning.
- gateway-api PR 4771: idleTimeout removed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges.gateway import persistent_routes, refers_to
from holdfast.check.kubernetes.objects import Object, get, items
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_FIELD = "sessionPersistence"


def check(target: Target) -> Iterator[Finding]:
    """Fields that are not in the schema."""
    webs = [(p, p.workload) for p in target.processes(Role.WEB) if p.workload is not None]
    for route, index, rule in persistent_routes(target.objects):
        crd = _definition(route, target)
        known = _properties(crd, route) if crd is not None else None
        if crd is None or known is None:
            continue
        at: tuple[str | int, ...] = ("spec", "rules", index, _FIELD)
        missing = [at] if _FIELD not in known else _unknown(at, route.get(*at), known[_FIELD])
        for process, workload in webs:
            leads = any(
                refers_to(route, backend, service)
                for backend in items(rule, "backendRefs")
                for service in workload.services
            )
            for path in missing if leads else ():
                name = ".".join(str(step) for step in path[3:])
                yield Finding(
                    route.key_at(*path),
                    f"{name} of {route} is dropped, and users of {workload} are not kept at a pod"
                    f" as it says: {crd.name}, as it is among the files, does not have it.",
                    "install the Gateway API that has the field, or write it for the one here",
                    str(process),
                    (Related(crd.at("spec", "versions"), "the schema"),),
                )


def _definition(route: Object, target: Target) -> Object | None:
    for crd in target.objects.of("CustomResourceDefinition"):
        names = (crd.get("spec", "group"), crd.get("spec", "names", "kind"))
        if names == (route.group, route.kind):
            return crd
    return None


def _properties(crd: Object, route: Object) -> Mapping[str, Any] | None:
    """What the schema has for a rule; None where it cannot be told."""
    version = route.api_version.partition("/")[2]
    for one in items(crd.body, "spec", "versions"):
        if get(one, "name") == version:
            path = ("schema", "openAPIV3Schema", "properties", "spec", "properties", "rules")
            found = get(one, *path, "items", "properties")
            return found if isinstance(found, Mapping) else None
    return None


def _unknown(at: tuple[str | int, ...], asked: Any, schema: Any) -> list[tuple[str | int, ...]]:
    known = get(schema, "properties")
    if not isinstance(asked, Mapping) or not isinstance(known, Mapping):
        return []
    return [(*at, name) for name in asked if isinstance(name, str) and name not in known]


RULE = Rule(
    "HF716",
    "persistence-that-the-schema-drops",
    "The installed Gateway API does not know the session persistence that is asked for",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-16",),
)
