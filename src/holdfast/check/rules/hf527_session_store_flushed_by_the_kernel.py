"""The Redis of the sessions leaves it to the kernel when its file reaches the disk.

## What it checks

The one Redis (or Valkey, KeyDB) of the sessions has a volume and an append-only file, and
`appendfsync no`.

## Why it matters

What Redis has appended is in the node's memory until the kernel writes it to the disk, on Linux up
to half a minute later. The death of the process loses nothing; when the node dies, by a power cut,
a panic or its cloud, logins and carts of that time are gone though they were answered. With
`everysec` it is a second.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
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
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec:
  selector: {app: redis}
  ports: [{port: 6379}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - name: redis
          image: redis:7.2
          args: [--appendonly, "yes", --appendfsync, "no"]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
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
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec:
  selector: {app: redis}
  ports: [{port: 6379}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - name: redis
          image: redis:7.2
          args: [--appendonly, "yes", --appendfsync, everysec]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

`appendfsync everysec`, or no such line: that is the default. Redis waits for the disk beside its
work.

## Limits

Stores whose settings are not all among the manifests are left alone where `appendfsync` is not said
in them, and so are replications: another node has what the dead one had.

## References

- Redis 7.0, redis.conf: `appendfsync` is `everysec` by default; `no` lets the operating system
  flush the data when it wants.
- Redis documentation, «Redis persistence», «How durable is the append only file?».
- Linux, Documentation/admin-guide/sysctl/vm.rst: `dirty_expire_centisecs`, 30 seconds by default.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.session_store import session_stores
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.stores.store import Keeps
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Single stores of sessions with an append-only file that nobody flushes."""
    for kept in session_stores(target):
        store = kept.store
        if not store.single or kept.here:
            continue
        if store.disk.keeps not in (Keeps.CLAIM, Keeps.NODE):
            continue
        said = store.settings.get("appendfsync")
        if said is None or (said.value or "").lower() != "no":
            continue
        if store.settings.value("appendonly", "no") != "yes":
            continue
        yield Finding(
            said.place,
            f"When the node of {store} dies, users lose what they did in the last half a minute:"
            " appendfsync no leaves it to the kernel when it is on the disk.",
            "appendfsync everysec, as by default",
            str(store),
            (kept.related,),
        )


RULE = Rule(
    "HF527",
    "session-store-flushed-by-the-kernel",
    "The Redis of the sessions leaves it to the kernel when its file reaches the disk",
    Severity.LOW,
    check,
    gotchas=("RED-05",),
)
