"""The volume below the session files is an `emptyDir`: it goes with its pod.

## What it checks

The session driver of a web process is `file`, and the volume that holds
`storage/framework/sessions` is an `emptyDir` (or a generic ephemeral volume).

## Why it matters

It looks like a volume that keeps the sessions. But an `emptyDir` is made for one pod and deleted
with it: each rollout, each eviction, each scaled-down replica takes its users' sessions along, and
no replica sees the files of another.

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
          env: [{name: SESSION_DRIVER, value: file}]
          volumeMounts: [{name: storage, mountPath: /var/www/html/storage}]
      volumes: [{name: storage, emptyDir: {}}]
```

## Good

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
          env: [{name: SESSION_DRIVER, value: redis}]
          volumeMounts: [{name: storage, mountPath: /var/www/html/storage}]
      volumes: [{name: storage, emptyDir: {}}]
```

## How to fix

`SESSION_DRIVER=redis` with a Redis of its own, or `database`. The `emptyDir` may stay: compiled
views and caches are well kept in one.

## Limits

None.

## References

- Kubernetes documentation, «Volumes», emptyDir: deleted for good when the pod is removed.
- Illuminate/Session/FileSessionHandler.php, Laravel 13.26.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import FILE_DRIVERS, PER_POD, session_files
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes with session files in a volume of one pod."""
    for process in target.processes(Role.WEB):
        if process.settings.text("session.driver") not in FILE_DRIVERS or not process.endless:
            continue
        if process.sessionless:
            continue
        kept = session_files(process)
        if kept is None or kept.mount is None or kept.mount.volume.kind not in PER_POD:
            continue
        volume = kept.mount.volume
        yield Finding(
            process.settings.place("session.driver"),
            f"Each rollout of {process.workload} logs its users out: the session files below"
            f" {kept.mount.path} are in the volume {volume.name}, which is deleted with its pod.",
            "keep sessions outside the pod: SESSION_DRIVER=redis or database",
            str(process),
            (
                Related(volume.place, f"the volume {volume.name}"),
                Related(kept.mount.place, "where it is mounted"),
            ),
        )


RULE = Rule(
    "HF103",
    "session-files-in-an-empty-dir",
    "The volume below the session files is an `emptyDir`: it goes with its pod",
    Severity.CRITICAL,
    check,
    gotchas=("STO-03",),
)
