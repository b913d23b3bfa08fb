"""Pods stop while requests are still sent to them.

## What it checks

The container that a Service's requests reach has no `preStop` hook. Workloads with `strategy:
{type: Recreate}` are left alone: HF811 speaks of them.

## Why it matters

When a pod is to go, Kubernetes tells the container to stop and the load balancers to leave it out
at the same time. The container is faster. For some seconds of every rollout, scale-down and drain,
requests reach a server that no longer listens: users see 502, and what their requests would have
written to the session is lost. A `preStop` of some seconds lets the news arrive first.

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
          lifecycle: {preStop: {sleep: {seconds: 10}}}
```

## How to fix

`lifecycle: {preStop: {sleep: {seconds: 10}}}`, before Kubernetes 1.30 `{preStop: {exec: {command:
[sleep, "10"]}}}`. In a pod with nginx and php-fpm both need it, and
`terminationGracePeriodSeconds` must hold it and the longest request (HF805).

## Limits

A workload to which no Service among the manifests sends is not judged, nor is `artisan serve` in
an image without pcntl: as the first process it heeds no signal, and goes on until it is killed.

## References

- Kubernetes documentation, «Pod Lifecycle», termination of pods: the control plane removes the pod
  from EndpointSlices at the same time as the kubelet starts to stop it.
- Kubernetes API reference v1.34, LifecycleHandler: `sleep` (stable from 1.34, on from 1.30).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.traffic import front, pre_stop, recreates, sleeping, web_workloads
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.workload import Container
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web workloads whose front has no preStop hook."""
    for workload in web_workloads(target):
        found = front(workload)
        candidates = workload.containers if found is None else (found,)
        if recreates(workload) or any(pre_stop(one) for one in candidates) or not candidates:
            continue
        if _heeds_no_signal(target, candidates[0]):
            continue
        service = workload.services[0]
        yield Finding(
            candidates[0].at("name"),
            f"Some requests answer 502 at each rollout and scale-down of {workload.name}: its"
            f" container {candidates[0].name} stops at once, while {service} still sends to it.",
            sleeping(10),
            str(workload),
            (Related(service.at("spec", "selector"), f"{service} sends to these pods"),),
        )


def _heeds_no_signal(target: Target, container: Container) -> bool:
    """Whether it runs artisan's own server first, which without pcntl goes on until it is killed.

    The kernel hands the first process no signal that it has not asked for.
    """
    images = [image for image in target.repository.images if image.is_laravel]
    return (
        container.get("command") is None
        and bool(images)
        and all(
            (image.start.process or ())[1:3] == ("artisan", "serve")
            and image.base.name.rpartition("/")[2] == "php"
            and "pcntl" not in image.php_extensions
            for image in images
        )
    )


RULE = Rule(
    "HF803",
    "no-pre-stop",
    "Pods stop while requests are still sent to them",
    Severity.HIGH,
    check,
    gotchas=("ROL-03",),
)
