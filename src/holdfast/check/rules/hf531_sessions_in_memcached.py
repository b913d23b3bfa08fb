"""Sessions are kept in memcached, which keeps one copy in memory.

## What it checks

The session driver of a web process is `memcached`.

## Why it matters

Memcached neither writes to a disk nor copies to another server. When one of its pods is replaced (a
new image, a drained node, a crash), all users whose session it had are logged out; when it is full,
it throws away what was not read for longest.

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
            - {name: SESSION_DRIVER, value: memcached}
            - {name: MEMCACHED_HOST, value: memcached}
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
          args: [--appendonly, "yes"]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

Keep sessions in Redis with a volume and `appendonly yes`, or in the database; memcached stays a
good cache.

## Limits

A server that speaks memcached's protocol and keeps more than one copy cannot be told from
memcached.

## References

- memcached documentation, «About»: a cache in memory, servers do not know each other.
- Issue laravel/framework 24440: not as the only store of sessions.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place


def check(target: Target) -> Iterator[Finding]:
    """Web processes with sessions in memcached."""
    said: set[Place] = set()
    for process in target.processes(Role.WEB):
        place = process.settings.place("session.driver")
        if process.settings.text("session.driver") != "memcached" or place in said:
            continue
        said.add(place)
        yield Finding(
            place,
            f"Users of {process} are logged out when a memcached server is replaced or full: it has"
            " the only copy of their sessions, in memory.",
            "keep sessions in Redis or in the database: SESSION_DRIVER=redis",
            str(process),
        )


RULE = Rule(
    "HF531",
    "sessions-in-memcached",
    "Sessions are kept in memcached, which keeps one copy in memory",
    Severity.HIGH,
    check,
    gotchas=("MEM-01",),
)
