"""Session files are to be written where nothing can be.

## What it checks

The session driver is `file`, the container's root file system is read-only
(`readOnlyRootFilesystem`), and no volume is mounted at `storage/framework/sessions`.

## Why it matters

Each page that starts a session answers 500 («Failed to open stream: Read-only file system»): nobody
can log in.

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
          env: [{name: SESSION_DRIVER, value: file}, {name: APP_ENV, value: production}]
          securityContext: {readOnlyRootFilesystem: true}
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
          env: [{name: SESSION_DRIVER, value: redis}, {name: APP_ENV, value: production}]
          securityContext: {readOnlyRootFilesystem: true}
```

## How to fix

`SESSION_DRIVER=redis` or `database`. A volume for the files would make them last as long as the pod
(HF103) or slow (HF105).

## Limits

Views and logs, which need a place as well, are not judged.

## References

- Illuminate/Session/FileSessionHandler.php, Laravel 13.26.1, `write`.
- Kubernetes documentation, security context: `readOnlyRootFilesystem`.
- laravel/framework issue 53336; THM-Health/PILOS issue 1518.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import FILE_DRIVERS, session_files
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web containers that cannot write their session files."""
    for process in target.processes(Role.WEB):
        container = process.container
        if container is None or process.settings.text("session.driver") not in FILE_DRIVERS:
            continue
        if container.get("securityContext", "readOnlyRootFilesystem") is not True:
            continue
        kept = session_files(process)
        if kept is None or kept.mount is not None:
            continue
        place = container.at("securityContext", "readOnlyRootFilesystem")
        yield Finding(
            process.settings.place("session.driver"),
            f"Each page of {process} that starts a session answers 500: session files cannot be"
            " written, since the file system is read-only.",
            "keep sessions where all replicas reach them: SESSION_DRIVER=redis",
            str(process),
            (Related(place, "the file system is read-only"),),
        )


RULE = Rule(
    "HF114",
    "read-only-session-files",
    "Session files are to be written where nothing can be",
    Severity.HIGH,
    check,
    gotchas=("STO-14",),
)
