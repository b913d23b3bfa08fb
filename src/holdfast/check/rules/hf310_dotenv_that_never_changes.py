"""A mounted .env does not follow its ConfigMap or Secret.

## What it checks

A `.env` is mounted from a ConfigMap or a Secret by `subPath`, and nothing in the pod's template
changes with its content (an annotation with a checksum, Reloader).

## Why it matters

Kubernetes does not update a file that is mounted by `subPath`. After a change old pods go on with
the old session driver, host or key, while each pod that starts later, after a crash or a scale-up,
has the new one: two worlds of sessions behind one address, until somebody restarts all pods.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          volumeMounts: [{name: env, mountPath: /var/www/html/.env, subPath: .env}]
      volumes: [{name: env, secret: {secretName: shop-env}}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata:
      labels: {app: shop}
      annotations: {checksum/env: 5f0c1d}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          volumeMounts: [{name: env, mountPath: /var/www/html/.env, subPath: .env}]
      volumes: [{name: env, secret: {secretName: shop-env}}]
```

## How to fix

A name that has a hash of the content (Kustomize's generators make one), or an annotation with a
checksum in the pod's template: then a change is a rollout, and all pods have it.

## Limits

Names that end in a hash are taken for generated ones.

## References

- Kubernetes documentation, ConfigMaps: «A container using a ConfigMap as a subPath volume mount
  will not receive ConfigMap updates».
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.check.facts.traffic import ROLLING
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.objects import get, text
from holdfast.check.kubernetes.workload import Mount, Workload
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_SOURCES = {"configMap": "name", "secret": "secretName"}
_FOLLOWS = re.compile(r"checksum|hash|reloader", re.IGNORECASE)
_HASHED = re.compile(r"-[a-z0-9]{10}$")


def check(target: Target) -> Iterator[Finding]:
    """Mounts of a .env by subPath."""
    for workload in target.workloads:
        if workload.kind not in ROLLING or _follows(workload):
            continue
        for container in (*workload.containers, *workload.init_containers):
            for mount in container.mounts():
                if not _is_dotenv(mount):
                    continue
                yield Finding(
                    mount.place,
                    f"A change of this .env reaches only pods of {workload.name} that start later:"
                    " the others go on with the old settings, key and store of the sessions.",
                    "put a checksum of it into the annotations of the pod's template",
                    str(workload),
                )


def _follows(workload: Workload) -> bool:
    return any(map(_FOLLOWS.search, (*workload.annotations, *workload.object.annotations)))


def _is_dotenv(mount: Mount) -> bool:
    source = _SOURCES.get(mount.volume.kind)
    if source is None or not mount.sub_path or not mount.path.endswith("/.env"):
        return False
    return not _HASHED.search(text(get(mount.volume.body, source)))


RULE = Rule(
    "HF310",
    "dotenv-that-never-changes",
    "A mounted .env does not follow its ConfigMap or Secret",
    Severity.MEDIUM,
    check,
    gotchas=("CFG-10",),
)
