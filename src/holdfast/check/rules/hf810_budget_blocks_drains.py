"""A disruption budget allows no disruption: nodes can never be drained.

## What it checks

A PodDisruptionBudget that takes the pods of one of the application's workloads allows none of them
to be evicted: `maxUnavailable: 0`, `minAvailable: 100%`, or a `minAvailable` that is the number of
replicas (with an autoscaler: its minimum).

## Why it matters

`kubectl drain` waits for ever, and so does every upgrade of the cluster; whoever is in a hurry
deletes the pods by force in the end, all at once, and the requests in them are lost.

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
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          ports: [{containerPort: 8080}]
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  minAvailable: 2
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
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          ports: [{containerPort: 8080}]
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  maxUnavailable: 1
```

## How to fix

`maxUnavailable: 1`, and at least two replicas.

## Limits

Budgets that take the pods of several workloads are not judged.

## References

- Kubernetes documentation, «Specifying a Disruption Budget for your Application»: zero voluntary
  evictions, and a drain that never completes; percentages are rounded up.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import (
    Object,
    grouped,
    same_namespace,
    selects_by_expression,
)
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Budgets that no eviction fits in."""
    ours = {id(process.workload.object) for process in target.processes() if process.workload}
    there = grouped((workload.namespace, workload) for workload in target.workloads)
    for budget in target.objects.of("PodDisruptionBudget"):
        taken = [
            workload
            for namespace, workloads in there.items()
            if same_namespace(budget.namespace, namespace)
            for workload in workloads
            if _takes(budget, workload)
        ]
        if len(taken) != 1 or id(taken[0].object) not in ours:
            continue
        workload = taken[0]
        if why := _allows_none(budget, workload.scale.least):
            instead = " in place of minAvailable" if why == "minAvailable" else ""
            yield Finding(
                budget.at("spec", why),
                f"No node with a pod of {workload.name} can be drained: {budget} allows no eviction"
                f" ({why}: {budget.get('spec', why)}) with {workload.scale}.",
                f"maxUnavailable: 1{instead}, and two replicas or more",
                str(workload),
                (Related(workload.scale.place, f"{workload.scale}, says {workload.scale.by}"),),
            )


def _takes(budget: Object, workload: Workload) -> bool:
    return (
        workload.endless
        and selects_by_expression(budget.get("spec", "selector"), workload.labels) is True
    )


def _allows_none(budget: Object, pods: int | None) -> str:
    """Which member allows no eviction of so many pods; empty where one is allowed."""
    if not pods:
        return ""
    most = _number(budget.get("spec", "maxUnavailable"), pods)
    if most == 0:
        return "maxUnavailable"
    least = _number(budget.get("spec", "minAvailable"), pods)
    return "minAvailable" if least is not None and least >= pods else ""


def _number(value: object, pods: int) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    found = re.fullmatch(r"([0-9]{1,3})%", value) if isinstance(value, str) else None
    return math.ceil(pods * int(found[1]) / 100) if found else None


RULE = Rule(
    "HF810",
    "budget-blocks-drains",
    "A disruption budget allows no disruption: nodes can never be drained",
    Severity.MEDIUM,
    check,
    gotchas=("ROL-10",),
)
