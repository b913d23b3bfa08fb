"""The cached configuration of all pods, of the old release too, is one file.

## What it checks

A PersistentVolumeClaim is mounted at the application's `bootstrap/cache` in a Deployment.

## Why it matters

`artisan config:cache` and `optimize` write there. The first pod of a new release that runs it
changes the configuration of every pod, those of the old release among them: another cookie name,
another store, a class that the old code does not have. And what one release has cached the next
one starts with.

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
          env: [{name: SESSION_DRIVER, value: redis}]
          volumeMounts: [{name: cache, mountPath: /var/www/html/bootstrap/cache}]
      volumes: [{name: cache, persistentVolumeClaim: {claimName: cache}}]
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
          env: [{name: SESSION_DRIVER, value: redis}]
          volumeMounts: [{name: cache, mountPath: /var/www/html/bootstrap/cache}]
      volumes: [{name: cache, emptyDir: {}}]
```

## How to fix

An `emptyDir`, filled at each start (`php artisan optimize` before the server), or no volume at
all.

## Limits

One replica that is replaced with `Recreate` is left alone, and so is a directory for each pod
(`subPathExpr`).

## References

- Illuminate/Foundation/Console/ConfigCacheCommand.php and Application.php, `getCachedConfigPath`,
  Laravel 13.26.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import NETWORK
from holdfast.check.facts.traffic import recreates
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Mounts of a shared volume at ``bootstrap/cache``."""
    for process in target.processes():
        workload, container = process.workload, process.container
        if workload is None or container is None or not process.endless or container.init:
            continue
        if recreates(workload) and not workload.scale.several:
            continue
        for mount in container.mounts():
            shared = mount.volume.kind == "persistentVolumeClaim" or mount.volume.kind in NETWORK
            own = container.get("volumeMounts", mount.index, "subPathExpr")
            if shared and not own and mount.path.rstrip("/").endswith("/bootstrap/cache"):
                yield Finding(
                    mount.place,
                    f"A new release of {workload.name} changes the configuration of the pods that"
                    f" still run the old one: all have {mount.path} in common, on the volume"
                    f" {mount.volume.name}.",
                    f"volumes: [{{name: {mount.volume.name}, emptyDir: {{}}}}]",
                    str(process),
                    (Related(mount.volume.place, f"the volume {mount.volume.name}"),),
                )


RULE = Rule(
    "HF115",
    "shared-configuration-cache",
    "The cached configuration of all pods, of the old release too, is one file",
    Severity.MEDIUM,
    check,
    gotchas=("STO-15",),
)
