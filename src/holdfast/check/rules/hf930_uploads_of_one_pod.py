"""Uploads are files of one pod: the other replicas answer 404.

## What it checks

The default disk of a web process is `public` on the local file system, said by its environment,
more than one replica may run, and `storage/app` is on no volume that they share.

## Why it matters

A picture that one pod has taken is in that pod alone. Of three requests for it two answer 404, and
with the pod the file is gone. A profile whose picture comes and goes is the mildest of it.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: FILESYSTEM_DISK, value: public}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: FILESYSTEM_DISK, value: s3}]
```

## How to fix

`FILESYSTEM_DISK=s3` with a bucket, or a volume with `ReadWriteMany` at `storage/app`.

## Limits

The disk `local`, which every skeleton names, is no proof that anything is stored there. A volume
whose access modes are not known may be shared, and is left alone.

## References

- laravel/laravel 8.x to 13.x, config/filesystems.php: the disk `public` is `storage/app/public`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import kept
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_UPLOADS = "storage/app/public"


def check(target: Target) -> Iterator[Finding]:
    """Web processes of several replicas that store uploads for themselves."""
    for process in target.processes(Role.WEB):
        workload, container = process.workload, process.container
        if workload is None or container is None or not process.endless:
            continue
        if not workload.scale.several or not _stores_locally(process):
            continue
        there = kept(container, _UPLOADS)
        if there is None or not there.of_one_pod:
            continue
        scale = workload.scale
        yield Finding(
            process.settings.place("filesystems.default"),
            f"Uploads to {workload.name} answer 404 in all pods but one: they are files of the pod"
            f" that took them (the disk is «public»), and {scale} answer.",
            "FILESYSTEM_DISK=s3 with a bucket",
            str(process),
            (Related(scale.place, f"{scale}, says {scale.by}"),),
        )


def _stores_locally(process: Process) -> bool:
    settings = process.settings
    env = settings.env
    asked = env is not None and "public" in (
        env.value("FILESYSTEM_DISK"),
        env.value("FILESYSTEM_DRIVER"),
    )
    if not asked or settings.text("filesystems.default") != "public":
        return False
    return settings.project is None or settings.text("filesystems.disks.public.driver") == "local"


RULE = Rule(
    "HF930",
    "uploads-of-one-pod",
    "Uploads are files of one pod: the other replicas answer 404",
    Severity.HIGH,
    check,
    gotchas=("WRK-10",),
)
