"""A restart of the one Redis loses all sessions.

## What it checks

The sessions of a web process are in a Redis (or Valkey, KeyDB, Dragonfly) of one pod, and what it
writes does not outlive that pod: its data directory is on no volume, on an `emptyDir`, or it is
told to write nothing (`save ""` without `appendonly yes`).

## Why it matters

Pods are replaced all the time: a new image, a drained node, an eviction, a crash. Then the store is
empty and everyone is logged out at once.

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
kind: Deployment
metadata: {name: redis}
spec:
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - name: redis
          image: redis:7.2
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

Make it a StatefulSet with a `volumeClaimTemplates` entry mounted at its data directory (`/data` of
the official image, `/bitnami/redis/data` of Bitnami's) and `--appendonly yes`; or several replicas
with Sentinel or an operator that fails over.

## Limits

A store with Sentinels beside it, with several replicas or of a cluster is left alone: another pod
may take over. A volume of the node (`hostPath`) counts as lasting.

## References

- Kubernetes documentation, «Volumes», emptyDir: deleted with the pod; without a volume files are
  lost with the container.
- Redis documentation, «Redis persistence».
- Official image redis 7: `VOLUME /data`, which Kubernetes does not turn into a volume that lasts.
- OT-CONTAINER-KIT/redis-operator v0.26.0, internal/k8sutils/redis-standalone.go: no volume without
  `storage`.
- bitnami/containers, bitnami/redis/7.4, redis-env.sh: `/bitnami/redis/data`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.session_store import lasting, session_stores, writing
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.stores.store import Keeps, Role, Store
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_LOST: Final = {
    Keeps.CONTAINER: "it writes to no volume, so nothing is left when its container is replaced",
    Keeps.POD: "its volume is deleted with its pod",
}


def check(target: Target) -> Iterator[Finding]:
    """Single stores of sessions whose data go with their pod."""
    watched = any(store.role is Role.SENTINEL for store in target.stores)
    for kept in session_stores(target):
        store = kept.store
        if not store.single or kept.here or (watched and store.container is not None):
            continue
        found = _lost(store)
        if found is None:
            continue
        place, why = found
        yield Finding(
            place,
            f"Everyone is logged out when the pod of {store} is replaced: it is the only one that"
            f" has the sessions, and {why}.",
            _hint(store),
            str(store),
            (kept.related,),
        )


def _hint(store: Store) -> str:
    kept = lasting(store) if store.disk.keeps in _LOST else ""
    return ", and ".join(filter(None, (kept, writing(store))))


def _lost(store: Store) -> tuple[Place, str] | None:
    """What loses the data, and why; None where nothing surely does."""
    if store.disk.keeps in _LOST:
        return store.disk.place, _LOST[store.disk.keeps]
    save = store.settings.get("save")
    if save and save.value == "" and store.settings.value("appendonly", "no") == "no":
        return save.place, "it is told to write nothing to its disk (save is empty, no appendonly)"
    return None


RULE = Rule(
    "HF504",
    "session-store-loses-all-on-restart",
    "A restart of the one Redis loses all sessions",
    Severity.CRITICAL,
    check,
    gotchas=("RED-04",),
)
