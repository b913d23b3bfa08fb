"""A canary gets a share of requests, so users meet both versions in turn.

## What it checks

Requests are divided by weight between two versions of a web process, and nothing keeps a user at
one: a canary of ingress-nginx without affinity, weights of an HTTPRoute without
`sessionPersistence`, of a VirtualService, of Traefik; a Rollout of Argo or a Canary of Flagger
with weights and without stickiness.

## Why it matters

The page comes from one version, its form, scripts and next click go to the other. Sessions are
written by both in turn: what one puts in (a class, a step of a checkout) the other cannot read,
and Laravel starts an empty session where it cannot. With a canary of 10 %, nine users in ten meet
both versions within 22 requests.

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
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-next}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop-next}}
  template:
    metadata: {labels: {app: shop-next}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop-next, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: shop-next}
spec: {selector: {app: shop-next}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/edge]
  http:
    - route: [{destination: {host: shop}, weight: 90}, {destination: {host: shop-next}, weight: 10}]
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
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop.example.com]
  gateways: [istio-system/edge]
  http:
    - route: [{destination: {host: shop}}]
```

## How to fix

Divide users, not requests: by a cookie or a header that the edge matches (`canary-by-cookie`, a
`match` of a VirtualService or an HTTPRoute), or by affinity at the level where the weights are:
`affinity: cookie` of ingress-nginx, `sessionPersistence`, `sticky` of a weighted TraefikService,
`stickinessConfig` of an ALB, `sessionAffinity` of Flagger.

## Limits

Only where both backends are web processes of other images, and both are among the files. Of
Rollouts only those with Istio or an ALB, of Canaries of Flagger only those with a provider that
shares requests out and is named.

## References

- ingress-nginx 1.15, annotations.md, «Canary»: a percentage of random requests.
- Gateway API v1.6, BackendRef.weight: the proportion of requests.
- envoy #8167: weighted clusters are chosen by a random value for each request (Istio).
- Argo Rollouts v1.9, features/traffic-management/alb: stickinessConfig; Flagger 1.43,
  usage/deployment-strategies, «session affinity».
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges.split import Part, Split, splits
from holdfast.check.kubernetes.objects import Object, get, items, same_namespace, text, whole
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_HINT = "divide users, not requests: by a cookie that the edge matches, or by affinity there"
_FLAGGER = ("istio", "gatewayapi", "linkerd", "appmesh", "contour", "gloo", "kuma", "smi")


def check(target: Target) -> Iterator[Finding]:
    """Weights between versions of a web process."""
    webs = [process for process in target.processes(Role.WEB) if process.workload is not None]
    for split in splits(target.objects):
        versions = {
            image: process for part in split.parts for image, process in _versions(part, webs)
        }
        if len(versions) > 1:
            yield _finding(split, versions)
    for process in webs:
        yield from _rollout(process)
        yield from _flagger(process, target)


def _versions(part: Part, webs: list[Process]) -> Iterator[tuple[str, Process]]:
    namespace, name = part.service
    for process in webs:
        assert process.workload is not None
        assert process.container is not None
        for service in process.workload.services:
            if service.name == name and same_namespace(service.namespace, namespace):
                yield process.container.image, process


def _finding(split: Split, versions: Mapping[str, Process]) -> Finding:
    shares = ", ".join(f"{part.subset or part.service[1]} {part.weight}" for part in split.parts)
    return Finding(
        split.place,
        f"Users meet {len(versions)} versions in turn, and sessions are written by both:"
        f" {split.object} shares out requests, not users ({shares}).",
        _HINT,
        str(next(iter(versions.values()))),
    )


def _rollout(process: Process) -> Iterator[Finding]:
    """Argo Rollouts (argoproj.io/v1alpha1)."""
    assert process.workload is not None
    rollout = process.workload.object
    at = ("spec", "strategy", "canary", "trafficRouting")
    routing = rollout.get(*at)
    if rollout.kind != "Rollout" or not _weighs(rollout) or not isinstance(routing, dict):
        return
    for provider in ("istio", "alb"):
        asked = routing.get(provider)
        if asked is not None and get(asked, "stickinessConfig", "enabled") is not True:
            yield Finding(
                rollout.key_at(*at, provider),
                f"While {rollout} is rolled out, its users meet both versions in turn, and"
                f" sessions are written by both: {provider} shares out requests, not users.",
                _HINT,
                str(process),
            )


def _weighs(rollout: Object) -> bool:
    steps = items(rollout.body, "spec", "strategy", "canary", "steps")
    weights = [whole(get(step, "setWeight")) for step in steps]
    return any(weight is not None and 0 < weight < 100 for weight in weights)


def _flagger(process: Process, target: Target) -> Iterator[Finding]:
    """Flagger (flagger.app/v1beta1)."""
    workload = process.workload
    assert workload is not None
    for canary in target.objects.of("Canary"):
        reference, analysis = canary.get("spec", "targetRef"), canary.get("spec", "analysis")
        if (
            canary.group == "flagger.app"
            and get(reference, "name") == workload.name
            and get(reference, "kind") == workload.kind
            and same_namespace(canary.namespace, workload.namespace)
            and text(canary.get("spec", "provider")).startswith(_FLAGGER)
            and (get(analysis, "stepWeight") or items(analysis, "stepWeights"))
            and get(analysis, "sessionAffinity") is None
        ):
            yield Finding(
                canary.at("spec", "analysis"),
                f"While {workload} is analysed, its users meet both versions in turn, and sessions"
                f" are written by both: {canary} shares out requests, not users.",
                "set analysis.sessionAffinity.cookieName",
                str(process),
            )


RULE = Rule(
    "HF818",
    "canary-by-request",
    "A canary gets a share of requests, so users meet both versions in turn",
    Severity.HIGH,
    check,
    gotchas=("ROL-18",),
)
