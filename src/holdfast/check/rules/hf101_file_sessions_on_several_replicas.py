"""Sessions are kept in files of one pod, and several pods answer.

## What it checks

The session driver of a web process is `file` (or `native`, its old name), more than one replica
may run (`replicas`, a HorizontalPodAutoscaler, a ScaledObject, a DaemonSet), and the directory of
the session files is on no volume that the replicas share.

## Why it matters

A pod that does not have the file starts an empty session and answers with a new cookie, which
takes the place of the good one. Users are logged out at random, carts are empty, forms answer 419;
with one pod all is well, so tests do not show it.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: file}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis-sessions}
```

## How to fix

Keep sessions where all replicas reach them: `SESSION_DRIVER=redis` with a Redis of its own, or
`database`. Sticky sessions are no remedy: each rollout and each lost node still loses them.

## Limits

Where the driver or the volume of the session files cannot be told, only `--strict` says so. A
volume of one node (`ReadWriteOnce`) is another rule's (HF104), one of all nodes HF105's.

## References

- Illuminate/Session/FileSessionHandler.php, Laravel 13.26.1: one file a session, in
  `session.files`.
- Illuminate/Session/Middleware/StartSession.php, 13.26.1: each answer sets the cookie again.
- `holdfast rehearse laravel --compare file,redis` shows what users see.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import FILE_DRIVERS, session_files, where_they_are
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes of several replicas with sessions in files."""
    for process in target.processes(Role.WEB):
        workload = process.workload
        if workload is None or not workload.scale.several:
            continue
        if unknown := process.unknown("session.driver"):
            yield unknown
        driver = process.settings.text("session.driver")
        if driver not in FILE_DRIVERS or process.sessionless:
            continue
        kept = session_files(process)
        if kept is None:
            yield where_they_are(process)
        elif kept.of_one_pod:
            scale = workload.scale
            yield Finding(
                process.settings.place("session.driver"),
                f"Users of {workload.name} are logged out at random: sessions are files of one pod"
                f" (session.driver is «{driver}»), and {scale} answer.",
                "keep sessions where all replicas reach them: SESSION_DRIVER=redis",
                str(process),
                (Related(scale.place, f"{scale}, says {scale.by}"),),
            )


RULE = Rule(
    "HF101",
    "file-sessions-on-several-replicas",
    "Sessions are kept in files of one pod, and several pods answer",
    Severity.CRITICAL,
    check,
    gotchas=("STO-01",),
)
