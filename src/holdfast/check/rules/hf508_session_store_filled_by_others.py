"""The Redis of the sessions can be filled by queues or the cache.

## What it checks

The Redis of the sessions has a limit of memory and refuses to write when it is reached
(`noeviction`), and the default queue connection or the default cache store of the same process is
on that server too, under whatever database number.

## Why it matters

The limit is one for all databases. When jobs pile up, because a worker stands still, or the cache
grows, Redis answers every write with «OOM command not allowed». Each request saves its session, so
each ends with status 500, for all users.

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
            - {name: CACHE_STORE, value: redis}
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
          args: [--maxmemory, 200mb, --appendonly, "yes"]
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
            - {name: CACHE_STORE, value: file}
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
          args: [--maxmemory, 200mb, --appendonly, "yes"]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

Give sessions a Redis of their own. The cache may then evict (`allkeys-lru`), and a full queue stops
the queue alone.

## Limits

Stores without `maxmemory`, and those that evict, are judged by HF519, HF501 and HF502. Other
connections than the two defaults are not looked at.

## References

- Redis documentation, «Key eviction», noeviction; tests/check/test_store_facts.py fills one.
- Illuminate/Session/Middleware/StartSession.php, `saveSession` (Laravel 8 to 13): the session is
  saved on every request.
- Issue sourcegraph 296.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.endpoints import cache_redis, queue_redis
from holdfast.check.facts.session_store import kept_in_redis, reached
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Stores of sessions that refuse to write once something else has filled them."""
    said: set[int] = set()
    for kept in kept_in_redis(target):
        store = kept.store
        policy = store.settings.value("maxmemory-policy", "noeviction")
        if not store.max_memory or policy != "noeviction" or id(store) in said:
            continue
        others = [
            (what, endpoint)
            for what, endpoint in (
                ("jobs", queue_redis(kept.process)),
                ("cache entries", cache_redis(kept.process)),
            )
            if endpoint and reached(target, kept.process, endpoint).only is store
        ]
        if not others:
            continue
        said.add(id(store))
        limit = store.settings.get("maxmemory")
        yield Finding(
            limit.place if limit else store.place,
            f"Every request of {kept.process} fails once {' or '.join(w for w, _ in others)} have"
            f" filled {store}: then it refuses to save sessions too.",
            "give sessions a Redis of their own",
            str(store),
            (kept.related, *(Related(e.place, f"{what} go there too") for what, e in others)),
        )


RULE = Rule(
    "HF508",
    "session-store-filled-by-others",
    "The Redis of the sessions can be filled by queues or the cache",
    Severity.HIGH,
    check,
    gotchas=(
        "RED-03",
        "RED-08",
    ),
)
