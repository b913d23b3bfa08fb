"""The Redis of the sessions writes snapshots only.

## What it checks

The one Redis (or Valkey) of the sessions has a volume, and writes to it by `save` alone:
`appendonly` is `no`, which is the default of Redis.

## Why it matters

A snapshot is written after so many seconds with so many changes; the defaults are an hour for one
change and five minutes for a hundred. When the process is killed (memory, node), logins and carts
since the last snapshot are gone: users are back where they were, or logged out. A planned restart
loses nothing: Redis writes a snapshot when it is asked to stop.

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
          args: [--appendonly, "yes"]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

`--appendonly yes`: then at most a second is lost (`appendfsync everysec`, the default).

## Limits

Stores whose settings are not all among the manifests are left alone, and so are replications.

## References

- Redis 7.0, redis.conf: `save 3600 1 300 100 60 10000` and `appendonly no` by default.
- Redis documentation, «Redis persistence».
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.session_store import session_stores, writing
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.stores.store import Keeps, Store
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_DEFAULT: Final = "3600 1 300 100 60 10000"


def check(target: Target) -> Iterator[Finding]:
    """Single stores of sessions without an append-only file."""
    for kept in session_stores(target):
        store = kept.store
        if store.product not in ("redis", "valkey") or not store.single or kept.here:
            continue
        if store.disk.keeps not in (Keeps.CLAIM, Keeps.NODE):
            continue
        if store.settings.value("appendonly", "no") != "no" or not (longest := _longest(store)):
            continue
        said = store.settings.get("appendonly") or store.settings.get("save")
        yield Finding(
            said.place if said else store.place,
            f"When {store} is killed, users lose what they did since its last snapshot, up to"
            f" {longest} ago: it writes no append-only file.",
            writing(store),
            str(store),
            (kept.related,),
        )


def _longest(store: Store) -> str:
    """How old the last snapshot may be; empty where there are none, or they are not known."""
    words = (store.settings.value("save", _DEFAULT) or "").split()
    seconds = [int(word) for word in words[::2] if word.isascii() and word.isdecimal()]
    most = max(seconds, default=0)
    return f"{most // 60} minutes" if most >= 120 else f"{most} seconds" if most else ""


RULE = Rule(
    "HF505",
    "session-store-snapshots-only",
    "The Redis of the sessions writes snapshots only",
    Severity.MEDIUM,
    check,
    gotchas=("RED-05",),
)
