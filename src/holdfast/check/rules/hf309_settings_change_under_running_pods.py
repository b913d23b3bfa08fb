"""An autoscaler adds pods with other settings than those that run.

## What it checks

An autoscaler may add pods to a web workload; its environment takes what decides about sessions
(the key, the store, names and prefixes) from a ConfigMap or Secret of a fixed name; and nothing
restarts the pods that run when that is edited: no checksum in the pod's annotations, no Reloader,
no `immutable: true`.

## Why it matters

Variables are read when a pod starts. After an edit the old pods go on with the old values, and the
next busy hour brings pods with the new ones beside them: with another key, or another Redis, users
are logged out at random, hours after the change that did it.

## Bad

```yaml deploy.yaml
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
          envFrom: [{configMapRef: {name: shop}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {APP_ENV: production, SESSION_DRIVER: redis, REDIS_HOST: redis}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 10
```

## Good

```yaml deploy.yaml
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
          envFrom: [{configMapRef: {name: shop-1}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop-1}
immutable: true
data: {APP_ENV: production, SESSION_DRIVER: redis, REDIS_HOST: redis}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: shop}
  minReplicas: 2
  maxReplicas: 10
```

## How to fix

A name with a hash (Kustomize's `configMapGenerator`), or a new name for each content with
`immutable: true`, or a checksum in the annotations of the pod, as Helm charts do, or Reloader.

## Limits

Whoever always runs `kubectl rollout restart` after an edit needs none of this; where a pipeline
does it among the files, nothing is said.

## References

- Kubernetes documentation, «ConfigMaps»: those used as environment variables are not updated, and
  need a restart of the pod.
- stakater/Reloader: its annotations.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePath
from typing import Final

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.data import Variable
from holdfast.check.kubernetes.objects import Object
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_DECIDES: Final = re.compile(
    r"APP_KEY|APP_PREVIOUS_KEYS|APP_NAME|SESSION_[A-Z_]+|REDIS_[A-Z_]+|CACHE_[A-Z_]+|DB_[A-Z_]+"
)
_RESTARTS: Final = re.compile(
    r"checksum|hash|reloader|wave\.pusher\.com|config-version|secret-version"
)
_HASHED: Final = re.compile(r"-[a-z0-9]{8,10}$|[-.]v?[0-9]+$")


def check(target: Target) -> Iterator[Finding]:
    """Autoscaled web workloads whose settings may change under them."""
    found = list(_autoscaled_workloads(target))
    # All files are looked through: only where there is something to say.
    if found and not any(b"rollout restart" in data for data in target.files.values()):
        yield from found


def _autoscaled_workloads(target: Target) -> Iterator[Finding]:
    for process in target.processes(Role.WEB):
        workload = process.workload
        if workload is None or not workload.endless or not _autoscaled(workload):
            continue
        if any(map(_RESTARTS.search, (*workload.annotations, *workload.object.annotations))):
            continue
        if found := _changing(process, target):
            variable, source = found
            scale = workload.scale
            yield Finding(
                source.at("metadata", "name"),
                f"After an edit of {source}, {scale.by} adds pods to {workload.name} that run with"
                f" the new {variable.name} beside others with the old one.",
                "a new name for each content with immutable: true, or a checksum annotation",
                str(process),
                (
                    Related(scale.place, f"{scale}, says {scale.by}"),
                    Related(variable.place, variable.name),
                ),
            )


def _autoscaled(workload: Workload) -> bool:
    scale = workload.scale
    return scale.by != str(workload.object) and scale.several and scale.least != scale.most


def _changing(process: Process, target: Target) -> tuple[Variable, Object] | None:
    """The first variable that decides, and the object of a fixed name that it comes from."""
    assert process.container is not None
    workload = process.container.workload
    for name, variable in process.container.env.items():
        if not variable.source or not _DECIDES.fullmatch(name):
            continue
        kind, _, named = variable.source.partition(" ")
        found = target.objects.find(kind, named, workload.namespace)
        if found is None or found.get("immutable") or _HASHED.search(named):
            continue
        # What Kustomize generates has a hash in its name, which is not in the name here.
        if not PurePath(found.document.file).name.startswith("kustomization"):
            return variable, found
    return None


RULE = Rule(
    "HF309",
    "settings-change-under-running-pods",
    "An autoscaler adds pods with other settings than those that run",
    Severity.MEDIUM,
    check,
    gotchas=("CFG-09",),
)
