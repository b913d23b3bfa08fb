"""Sessions are kept in the file system of the one pod, and each deployment replaces it.

## What it checks

The session driver of a web process is `file`, one replica runs, and no volume holds the session
files: they are in the container's own file system.

## Why it matters

A container's file system lives as long as the container. A new release, a crash, an eviction, a
drained node: each puts an empty one in its place, and everybody is logged out, every cart is
empty. While a rolling update has both pods running, users are logged out on one and in on the
other.

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
          env: [{name: SESSION_DRIVER, value: database}]
```

## How to fix

`SESSION_DRIVER=redis` with a Redis of its own, or `database`. Whoever must keep files for one
replica mounts a volume at `storage/framework/sessions` and sets `strategy: {type: Recreate}`.

## Limits

Several replicas are HF101's, an `emptyDir` is HF103's. A volume at a place that may or may not be
the application's directory leaves it open; `--strict` says so.

## References

- Kubernetes documentation, «Volumes»: files in a container are lost when it is restarted.
- Illuminate/Session/FileSessionHandler.php, Laravel 13.26.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import FILE_DRIVERS, session_files, where_they_are
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes of one replica whose session files are in its own file system."""
    for process in target.processes(Role.WEB):
        workload = process.workload
        if workload is None or not workload.endless or workload.scale.several:
            continue
        if process.settings.text("session.driver") not in FILE_DRIVERS or process.sessionless:
            continue
        kept = session_files(process)
        if kept is None:
            yield where_they_are(process)
        elif kept.mount is None:
            yield Finding(
                process.settings.place("session.driver"),
                f"Each new release and each restart of {workload.name} logs everybody out: sessions"
                " are files in the container, and no volume keeps them.",
                "keep sessions outside the pod: SESSION_DRIVER=redis or database",
                str(process),
            )


RULE = Rule(
    "HF102",
    "file-sessions-die-with-the-pod",
    "Sessions are kept in the file system of the one pod, and each deployment replaces it",
    Severity.HIGH,
    check,
    gotchas=("STO-02",),
)
