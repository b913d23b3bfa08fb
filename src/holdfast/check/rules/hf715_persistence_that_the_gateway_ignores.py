"""The HTTPRoute asks for session persistence, and its controller does not know it.

## What it checks

An HTTPRoute with `sessionPersistence` leads to several pods of a web process, and the class of
its Gateway belongs to a controller that ignores the field.

## Why it matters

`sessionPersistence` is an experimental field that a controller may pass over without a word: the
route is accepted, no cookie is set, and requests go to any pod.

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
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: traefik.io/gateway-controller}
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
```

## How to fix

Keep sessions in a store that all pods share. Where affinity is wanted for something else, use
what the controller has: Traefik `sticky` of its own IngressRoute, Istio the label of its
persistent session filter.

## Limits

Judged by the controller's name in the GatewayClass; of classes that are not among the files only
`istio` is known by its name. Cilium before 1.21 and NGINX Gateway Fabric without Plus ignore it
too, which the name does not tell: `--strict` says so.

## References

- Traefik v3.7, pkg/provider/kubernetes/gateway: no mention of the field; traefik #11243 is open.
- Istio 1.30, pilot/pkg/config/kube/gateway: not read in routes, «unsupported» in policies; istio
  #55839.
- cilium #47089 and PR 48029; NGINX Gateway Fabric, gateway-api-compatibility: NGINX Plus.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import sticky
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges import Edge
from holdfast.check.kubernetes.edges.gateway import gateway_controller, gateways
from holdfast.check.kubernetes.objects import text
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_IGNORING = {"traefik.io/gateway-controller": "Traefik", "istio.io/gateway-controller": "Istio"}
_SOME = {
    "io.cilium/gateway-controller": "Cilium before 1.21",
    "gateway.nginx.org/nginx-gateway-controller": "NGINX Gateway Fabric without NGINX Plus",
}
_BY_NAME = {"istio": "istio.io/gateway-controller", "cilium": "io.cilium/gateway-controller"}


def check(target: Target) -> Iterator[Finding]:
    """Persistence at Gateways that do not have it."""
    for process, route, affinity in sticky(target):
        if route.edge is not Edge.GATEWAY:
            continue
        for gateway in gateways(route.object, target.objects):
            name = gateway_controller(gateway, target.objects) or _BY_NAME.get(
                text(gateway.get("spec", "gatewayClassName")), ""
            )
            if who := _IGNORING.get(name):
                yield Finding(
                    affinity.place,
                    f"Users do not stay at a pod of {process.workload}, though {route.object} asks"
                    f" for it: {who}, which serves {gateway}, ignores sessionPersistence.",
                    "keep sessions in a shared store, or use the controller's own affinity",
                    str(process),
                )
            elif who := _SOME.get(name):
                yield Finding(
                    affinity.place,
                    f"Whether users stay at a pod of {process.workload} cannot be told: {who}"
                    " ignores sessionPersistence.",
                    "look which version serves the Gateway",
                    str(process),
                    unknown=True,
                )


RULE = Rule(
    "HF715",
    "persistence-that-the-gateway-ignores",
    "The HTTPRoute asks for session persistence, and its controller does not know it",
    Severity.HIGH,
    check,
    gotchas=("AFF-15",),
)
