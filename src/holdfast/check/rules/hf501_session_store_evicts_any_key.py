"""The Redis of the sessions throws any key away when it is full.

## What it checks

The Redis (or Valkey, KeyDB, Dragonfly) that a web process keeps its sessions in has a limit of
memory and a policy `allkeys-*`: in its arguments, its mounted `redis.conf`, the variables of its
image or the custom resource of its operator. For Dragonfly it is `--cache_mode`.

## Why it matters

At the limit each write makes room by deleting keys, and sessions are keys like all others. Users
are logged out and carts vanish when the site is busiest; nothing is written to a log.

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
          args: [--maxmemory, 100mb, --maxmemory-policy, allkeys-lru]
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
          args: [--maxmemory, 100mb, --maxmemory-policy, noeviction, --appendonly, "yes"]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

Give sessions a Redis of their own with `maxmemory-policy noeviction` and enough room, and watch
`used_memory`. The cache may keep `allkeys-lru` in another instance: the policy is one for all
databases of an instance.

## Limits

Servers outside these manifests are not seen. A policy without `maxmemory` deletes nothing and is no
finding.

## References

- Redis documentation, «Key eviction»: `allkeys-*` evicts whatever key; without `maxmemory` nothing
  is evicted on 64 bits.
- Redis 7.0, redis.conf, `maxmemory-policy`.
- Dragonfly documentation, «Server configuration flags», `--cache_mode`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.session_store import session_stores, stores_not_seen
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Stores of sessions that evict whatever key."""
    for kept in session_stores(target):
        policy = kept.store.evicts
        if policy is None and kept.store.evicts_perhaps:
            yield Finding(
                kept.store.place,
                f"Whether {kept.store} throws sessions away when it is full cannot be told:"
                f" {kept.store.settings.open or 'its maxmemory is not known'}.",
                "name the directory that has its configuration too",
                str(kept.store),
                (kept.related,),
                unknown=True,
            )
        if policy is None or (policy.value or "").startswith("volatile-"):
            continue
        by = "its cache mode" if kept.store.product == "dragonfly" else f"«{policy.value}»"
        yield Finding(
            policy.place,
            f"Users are logged out when {kept.store} is full: it keeps their sessions, and by {by}"
            " it then throws any key away.",
            "keep sessions in a Redis of their own: maxmemory-policy noeviction",
            str(kept.store),
            (kept.related,),
        )
    for process, why in stores_not_seen(target):
        yield Finding(
            process.settings.place("session.driver"),
            f"Whether the Redis of {process} throws sessions away when it is full cannot be told:"
            f" {why}.",
            "ask it: redis-cli CONFIG GET maxmemory-policy",
            str(process),
            unknown=True,
        )


RULE = Rule(
    "HF501",
    "session-store-evicts-any-key",
    "The Redis of the sessions throws any key away when it is full",
    Severity.CRITICAL,
    check,
    gotchas=("RED-01",),
)
