"""The autoscaler takes pods away with each dip of the load.

## What it checks

An autoscaler of a web workload sets `scaleDown.stabilizationWindowSeconds` to 0 and no policy that
slows it down.

## Why it matters

Each pod that goes cuts its connections and its longest requests; each that comes starts with cold
caches. Without a window the number of pods follows the noise of the load, and this happens many
times an hour. What Kubernetes does where nothing is said, 300 seconds, is better.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          ports: [{containerPort: 8080}]
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 10
  behavior:
    scaleDown: {stabilizationWindowSeconds: 0}
```

## Good

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          ports: [{containerPort: 8080}]
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 10
  behavior:
    scaleDown: {stabilizationWindowSeconds: 300}
```

## How to fix

Leave `stabilizationWindowSeconds` out, or set 300.

## Limits

None.

## References

- Kubernetes documentation, «Horizontal Pod Autoscaling», default behavior: 300 seconds.
- keda.sh/v1alpha1 ScaledObject, `advanced.horizontalPodAutoscalerConfig.behavior`, KEDA 2.20.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from holdfast.check.edits import replaced
from holdfast.check.facts.traffic import web_workloads
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.objects import get, same_namespace
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_BEHAVIOURS: Final[Mapping[str, tuple[str, ...]]] = {
    "HorizontalPodAutoscaler": ("spec", "behavior", "scaleDown"),
    "ScaledObject": ("spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown"),
}


def check(target: Target) -> Iterator[Finding]:
    """Autoscalers of web workloads that scale down at once."""
    for workload in web_workloads(target):
        for scaler in target.objects.scalers(workload.name):
            path = _BEHAVIOURS[scaler.kind]
            down = scaler.get(*path)
            if get(down, "stabilizationWindowSeconds") != 0 or get(down, "policies"):
                continue
            if get(down, "selectPolicy") == "Disabled":
                continue
            if same_namespace(scaler.namespace, workload.namespace):
                yield Finding(
                    scaler.at(*path, "stabilizationWindowSeconds"),
                    f"Pods of {workload.name} go and come with each dip of the load, and cut"
                    " requests each time: the window for scaling down is 0 seconds.",
                    "stabilizationWindowSeconds: 300",
                    str(workload),
                    edits=replaced(scaler, "300", *path, "stabilizationWindowSeconds"),
                )


RULE = Rule(
    "HF823",
    "scales-down-at-once",
    "The autoscaler takes pods away with each dip of the load",
    Severity.MEDIUM,
    check,
    gotchas=("ROL-23",),
    fixable=True,
)
