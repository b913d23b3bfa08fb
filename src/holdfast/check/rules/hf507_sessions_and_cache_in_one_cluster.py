"""Clearing the cache of a Redis Cluster logs everyone out.

## What it checks

The sessions and the default cache store are both in the same Redis Cluster
(`database.redis.clusters`).

## Why it matters

A cluster has one database, 0, so that numbers cannot keep the two apart, and `php artisan
cache:clear` sends FLUSHDB to every master. All sessions go with the cache.

## Bad

```php config/session.php
<?php
return ['driver' => env('SESSION_DRIVER', 'redis'), 'connection' => env('SESSION_CONNECTION')];
```

```php config/cache.php
<?php
return [
    'default' => env('CACHE_STORE', 'redis'),
    'stores' => ['redis' => ['driver' => 'redis', 'connection' => 'cache']],
];
```

```php config/database.php
<?php
return ['redis' => [
    'client' => 'phpredis',
    'clusters' => [
        'default' => [['host' => 'redis', 'port' => 6379]],
        'cache' => [['host' => 'redis', 'port' => 6379]],
    ],
]];
```

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
            - {name: APP_ENV, value: production}
            - {name: REDIS_HOST, value: redis}
```

## Good

```php config/session.php
<?php
return ['driver' => env('SESSION_DRIVER', 'redis'), 'connection' => env('SESSION_CONNECTION')];
```

```php config/cache.php
<?php
return [
    'default' => env('CACHE_STORE', 'redis'),
    'stores' => ['redis' => ['driver' => 'redis', 'connection' => 'cache']],
];
```

```php config/database.php
<?php
return ['redis' => [
    'client' => 'phpredis',
    'clusters' => [
        'default' => [['host' => 'redis', 'port' => 6379]],
        'cache' => [['host' => 'redis-cache', 'port' => 6379]],
    ],
]];
```

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
            - {name: APP_ENV, value: production}
            - {name: REDIS_HOST, value: redis}
```

## How to fix

Use a second cluster, or a single Redis, for the cache; or keep sessions in the database.

## Limits

Clusters are told apart by the host of their first node.

## References

- Redis documentation, «Redis cluster specification»: database 0 only, SELECT is not allowed.
- Illuminate/Redis/Connections/PhpRedisClusterConnection.php, `flushdb` (Laravel 8 to 13): every
  master.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.endpoints import cache_redis, same_server, session_redis
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place


def check(target: Target) -> Iterator[Finding]:
    """Processes whose sessions and cache share a cluster."""
    said: set[Place] = set()
    for process in target.processes(Role.WEB):
        sessions, cache = session_redis(process), cache_redis(process)
        if sessions is None or cache is None or not (sessions.cluster and cache.cluster):
            continue
        if not same_server(sessions, cache) or cache.place in said:
            continue
        said.add(cache.place)
        yield Finding(
            cache.place,
            "Everyone is logged out whenever the cache is cleared: sessions and cache are in the"
            f" Redis Cluster at {sessions.host}, which has one database and is emptied as a whole.",
            "give the cache a cluster of its own, or keep sessions in the database",
            str(process),
            (Related(sessions.place, "the sessions' connection"),),
        )


RULE = Rule(
    "HF507",
    "sessions-and-cache-in-one-cluster",
    "Clearing the cache of a Redis Cluster logs everyone out",
    Severity.CRITICAL,
    check,
    gotchas=("RED-07",),
)
