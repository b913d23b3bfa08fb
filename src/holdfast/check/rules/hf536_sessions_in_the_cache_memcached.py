"""Clearing the cache empties the memcached of the sessions.

## What it checks

Sessions are in a memcached store that is the default cache store as well.

## Why it matters

`php artisan cache:clear`, and with it `optimize:clear`, sends `flush_all` to every server of the
store. All sessions go with the cache.

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
            - {name: CACHE_STORE, value: memcached}
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
            - {name: SESSION_DRIVER, value: memcached}
            - {name: MEMCACHED_HOST, value: memcached}
            - {name: CACHE_STORE, value: file}
```

## How to fix

Keep sessions in Redis or in the database, or let the cache have memcached servers of its own under
another store name.

## Limits

Two stores with the same servers under two names are not compared.

## References

- Illuminate/Cache/MemcachedStore.php, `flush` (Laravel 8 to 13).
- Illuminate/Session/SessionManager.php, `createCacheHandler`: `session.store`, or the store of the
  driver's name.
- Issue laravel/framework 10288.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.endpoints import memcached_store, told, written
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose sessions are in the default cache store."""
    said: set[Place] = set()
    for process in target.processes(Role.WEB):
        name = memcached_store(process)
        if name is None or told(process, "cache.default") != name:
            continue
        place = written(process, "cache.default")
        if place in said:
            continue
        said.add(place)
        yield Finding(
            place,
            "Everyone is logged out whenever the cache is cleared: sessions and cache are both in"
            f" the memcached store «{name}», which is flushed as a whole.",
            "keep sessions in Redis or in the database",
            str(process),
        )


RULE = Rule(
    "HF536",
    "sessions-in-the-cache-memcached",
    "Clearing the cache empties the memcached of the sessions",
    Severity.CRITICAL,
    check,
    gotchas=("MEM-06",),
)
