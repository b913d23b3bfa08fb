"""The Redis of the sessions throws expiring keys away when it is full.

## What it checks

The Redis that a web process keeps its sessions in has a limit of memory and a policy `volatile-*`.

## Why it matters

These policies delete keys that have a time to live, and every session of Laravel has one. Queues
and cache entries for ever have none and stay, so it is the sessions that go first. The advice
«volatile-lru is safe» is for caches beside data, not for sessions.

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
          args: [--maxmemory, 100mb, --maxmemory-policy, volatile-lru]
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

Use `maxmemory-policy noeviction` for the instance that has the sessions, with enough room, and give
the cache an instance of its own.

## Limits

Servers outside these manifests are not seen.

## References

- Illuminate/Cache/RedisStore.php, `put` (Laravel 8 to 13): SETEX with the lifetime of the session.
- Redis 7.0, redis.conf, `maxmemory-policy`: `volatile-*` evicts among the keys with an expire set.
- tests/check/test_store_facts.py fills such a Redis: the sessions go, keys without a time to live
  stay.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.session_store import session_stores
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Stores of sessions that evict what expires."""
    for kept in session_stores(target):
        policy = kept.store.evicts
        if policy is None or not (policy.value or "").startswith("volatile-"):
            continue
        yield Finding(
            policy.place,
            f"Users are logged out when {kept.store} is full: by «{policy.value}» it then throws"
            " away what expires, and every session does.",
            "keep sessions in a Redis of their own: maxmemory-policy noeviction",
            str(kept.store),
            (kept.related,),
        )


RULE = Rule(
    "HF502",
    "session-store-evicts-expiring-keys",
    "The Redis of the sessions throws expiring keys away when it is full",
    Severity.HIGH,
    check,
    gotchas=("RED-02",),
)
