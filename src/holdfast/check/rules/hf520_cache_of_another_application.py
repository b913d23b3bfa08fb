"""Clearing the cache of one application logs out the users of another.

## What it checks

Two applications, or one in two namespaces, use the same Redis, and the default cache store of the
one has the database number that the sessions of the other are in.

## Why it matters

`php artisan cache:clear` sends FLUSHDB: all keys of that number go, whatever their prefix. A
release of staging logs out production.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: production}
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
            - {name: SESSION_CONNECTION, value: default}
            - {name: CACHE_STORE, value: redis}
            - {name: REDIS_HOST, value: redis.data}
            - {name: REDIS_DB, value: "0"}
            - {name: REDIS_CACHE_DB, value: "1"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: staging}
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
            - {name: SESSION_CONNECTION, value: default}
            - {name: CACHE_STORE, value: redis}
            - {name: REDIS_HOST, value: redis.data}
            - {name: REDIS_DB, value: "1"}
            - {name: REDIS_CACHE_DB, value: "0"}
---
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: data}
spec:
  selector: {app: redis}
  ports: [{port: 6379}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis, namespace: data}
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
metadata: {name: shop, namespace: production}
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
            - {name: SESSION_CONNECTION, value: default}
            - {name: CACHE_STORE, value: redis}
            - {name: REDIS_HOST, value: redis.data}
            - {name: REDIS_DB, value: "0"}
            - {name: REDIS_CACHE_DB, value: "1"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop, namespace: staging}
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
            - {name: SESSION_CONNECTION, value: default}
            - {name: CACHE_STORE, value: redis}
            - {name: REDIS_HOST, value: redis.data}
            - {name: REDIS_DB, value: "2"}
            - {name: REDIS_CACHE_DB, value: "3"}
---
apiVersion: v1
kind: Service
metadata: {name: redis, namespace: data}
spec:
  selector: {app: redis}
  ports: [{port: 6379}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis, namespace: data}
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

## How to fix

An instance for each environment; at the least a database number for each use.

## Limits

Only servers among the manifests, and numbers that are known.

## References

- Illuminate/Cache/RedisStore.php, `flush` (Laravel 8 to 13).
- Issue laravel/framework 10288.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.endpoints import cache_redis, written
from holdfast.check.facts.session_store import kept_in_redis, reached
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import App, Target
from holdfast.manifests.place import Place


def check(target: Target) -> Iterator[Finding]:
    """Caches that are emptied with the sessions of others."""
    said: set[tuple[Place, App]] = set()
    kept = kept_in_redis(target)
    for process in target.processes(Role.WEB):
        cache = cache_redis(process)
        if cache is None or cache.database is None:
            continue
        only = reached(target, process, cache).only
        for other in kept:
            if other.process.app is process.app or other.store is not only or other.here:
                continue
            if other.endpoint.database != cache.database:
                continue
            name = cache.connections[0]
            place = written(
                process, f"database.redis.{name}.database", f"database.redis.{name}.host"
            )
            if (place, other.process.app) in said:
                continue
            said.add((place, other.process.app))
            yield Finding(
                place,
                f"Users of {other.process} are logged out when the cache of {process} is cleared:"
                f" it is where their sessions are, database {cache.database} of {other.store}.",
                "give each application a Redis of its own",
                str(process),
                (other.related,),
            )


RULE = Rule(
    "HF520",
    "cache-of-another-application",
    "Clearing the cache of one application logs out the users of another",
    Severity.HIGH,
    check,
    gotchas=("RED-20",),
)
