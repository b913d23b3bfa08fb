"""Each deployment takes all pods away before the new ones answer.

## What it checks

A web workload to which a Service sends is replaced with `strategy: {type: Recreate}`, or with a
rolling update that lets all pods be away at once (`maxUnavailable: 100%`).

## Why it matters

Between the last old pod and the first new one nobody is answered, at each deployment, for as long
as the new pods take to start. Forms that are sent in that time are lost.

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
  strategy: {type: Recreate}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          ports: [{containerPort: 8080}]
          env: [{name: SESSION_DRIVER, value: redis}]
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
  strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          ports: [{containerPort: 8080}]
          env: [{name: SESSION_DRIVER, value: redis}]
```

## How to fix

`strategy: {rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}`, with sessions outside the pods, and
migrations in a Job of their own that both releases can live with.

## Limits

One replica with a volume of one node needs `Recreate`, and is left alone.

## References

- Kubernetes documentation, «Deployments», strategy: Recreate ends all pods before new ones are
  made.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.traffic import recreates, web_workloads
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web workloads that are away for a while at each deployment."""
    for workload in web_workloads(target):
        most = workload.object.get("spec", "strategy", "rollingUpdate", "maxUnavailable")
        if recreates(workload) and not _needs_it(workload):
            place, why = workload.object.at("spec", "strategy", "type"), "its strategy is Recreate"
        elif most == "100%":
            at = ("spec", "strategy", "rollingUpdate", "maxUnavailable")
            place, why = workload.object.at(*at), "its rolling update may take all at once"
        else:
            continue
        yield Finding(
            place,
            f"Nobody is answered during each deployment of {workload.name}: all old pods go before"
            f" new ones are ready, as {why}.",
            "strategy: {type: RollingUpdate, rollingUpdate: {maxUnavailable: 0, maxSurge: 1}}",
            str(workload),
        )


def _needs_it(workload: Workload) -> bool:
    """Whether two pods at a time could not have its volumes."""
    if workload.scale.several:
        return False
    volumes = (mount.volume for c in workload.containers for mount in c.mounts())
    return any(
        volume.kind == "persistentVolumeClaim"
        and "ReadWriteMany" not in (volume.access_modes or ())
        for volume in volumes
    )


RULE = Rule(
    "HF811",
    "all-pods-away-at-once",
    "Each deployment takes all pods away before the new ones answer",
    Severity.MEDIUM,
    check,
    gotchas=("ROL-11",),
)
