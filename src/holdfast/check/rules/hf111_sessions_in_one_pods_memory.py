"""Sessions are kept in the memory of one pod.

## What it checks

The session driver of a web process is `apc`, or it is a cache based driver (`memcached`,
`dynamodb`) whose `session.store` is a cache store in the memory of one process or one pod (`apc`,
`octane`, `array`).

## Why it matters

The memory of a pod is shared by the PHP processes of that pod alone. With several pods users are
logged out at random; with one, each release and each restart logs everybody out.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: apc}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
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
            - {name: REDIS_HOST, value: redis}
```

## How to fix

Keep sessions where all replicas reach them: `SESSION_DRIVER=redis`, or `database`.

## Limits

Where the driver or the cache store cannot be told, nothing is said.

## References

- Illuminate/Session/SessionManager.php, Laravel 13.26.1: `createApcDriver`, `createCacheHandler`.
- PHP manual, «APCu»: its memory belongs to the processes of one server.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_OF_ONE_POD = ("apc", "octane", "array")
_CACHE_BASED = ("memcached", "dynamodb")


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose sessions are in memory of their own."""
    for process in target.processes(Role.WEB):
        workload = process.workload
        found = _store(process)
        if workload is None or not workload.endless or found is None:
            continue
        store, place = found
        when = (
            f"at random: {workload.scale} answer, and each has other sessions"
            if workload.scale.several
            else "by each release and each restart"
        )
        yield Finding(
            place,
            f"Users of {workload.name} are logged out {when} («{store}» is memory of one pod).",
            "keep sessions where all replicas reach them: SESSION_DRIVER=redis",
            str(process),
        )


def _store(process: Process) -> tuple[str, Place] | None:
    settings = process.settings
    driver = settings.text("session.driver")
    if driver == "apc" and not settings.text("session.store"):
        return driver, settings.place("session.driver")
    store = settings.text("session.store")
    if driver in (*_CACHE_BASED, "apc") and store:
        kind = settings.text(f"cache.stores.{store}.driver")
        if kind in _OF_ONE_POD:
            return kind, settings.place("session.store")
    return None


RULE = Rule(
    "HF111",
    "sessions-in-one-pods-memory",
    "Sessions are kept in the memory of one pod",
    Severity.CRITICAL,
    check,
    gotchas=("STO-11",),
)
