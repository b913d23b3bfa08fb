"""Redis is killed before it knows that it is full.

## What it checks

The Redis (or Valkey, KeyDB) of the sessions has a limit of memory in its container, and its own
`maxmemory` is not below it, or is not set at all.

## Why it matters

Redis counts what it stores only, and knows nothing of the container. It grows until the kernel
kills it; without a volume everyone is logged out, with one nobody can log in while it starts, and
then it grows again.

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
          args: [--appendonly, "yes"]
          resources: {limits: {memory: 256Mi}}
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
          args: [--appendonly, "yes", --maxmemory, 160mb]
          resources: {limits: {memory: 256Mi}}
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

Set `maxmemory` to about two thirds of the limit: a snapshot or a rewrite of the append-only file
needs memory beside the data. Then a full Redis refuses to write, and says so.

## Limits

Where `maxmemory` cannot be told, nothing is said.

## References

- Redis 7.0, redis.conf, `maxmemory`: buffers of replicas and the append-only file are not counted.
- Redis documentation, «Memory optimization»; «Redis administration»: memory during a save.
- Kubernetes documentation, «Resource management for pods and containers»: what exceeds the limit is
  killed.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.session_store import session_stores
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.stores.store import Memory
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Stores of sessions that may grow beyond their container."""
    for kept in session_stores(target):
        store = kept.store
        if store.memory is None or store.product == "dragonfly":
            continue
        most = store.max_memory
        if most is None or 0 < most < store.memory.bytes:
            continue
        said = store.settings.get("maxmemory")
        own = f"its maxmemory is {said.value}" if said and most else "it has no maxmemory"
        yield Finding(
            store.memory.place,
            f"{store} is killed when the sessions outgrow its container"
            f" ({_mebibytes(store.memory)}), instead of refusing to write: {own}.",
            f"set maxmemory to about {store.memory.bytes * 2 // 3 // 2**20}mb",
            str(store),
            (kept.related,),
        )


def _mebibytes(memory: Memory) -> str:
    return f"{memory.bytes / 2**20:.0f} Mi"


RULE = Rule(
    "HF519",
    "session-store-killed-before-it-is-full",
    "Redis is killed before it knows that it is full",
    Severity.HIGH,
    check,
    gotchas=("RED-19",),
)
