"""Clearing the cache logs everyone out.

## What it checks

The Redis connection of the sessions (`session.connection`, or `default`) and that of the default
cache store go to the same server and the same database number.

## Why it matters

`php artisan cache:clear`, and with it `optimize:clear`, sends FLUSHDB to the database of the cache:
no prefix protects what else is in it. Every deployment that runs one of them, and everyone who
types it, empties all sessions.

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
    'default' => ['host' => env('REDIS_HOST', 'redis'), 'database' => 0],
    'cache' => ['host' => env('REDIS_HOST', 'redis'), 'database' => 0],
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
    'default' => ['host' => env('REDIS_HOST', 'redis'), 'database' => 0],
    'cache' => ['host' => env('REDIS_HOST', 'redis'), 'database' => 1],
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

Give the cache a database of its own (`REDIS_CACHE_DB=1`), or better an instance of its own, which
may also evict.

## Limits

Packages that flush a connection by themselves are not looked at. Where the numbers cannot be told,
nothing is said.

## References

- Illuminate/Cache/RedisStore.php, `flush`, and Illuminate/Cache/Console/ClearCommand.php (Laravel 8
  to 13).
- Illuminate/Foundation/Console/OptimizeClearCommand.php: calls `cache:clear`.
- Illuminate/Session/SessionManager.php, `createRedisDriver`: the connection of the sessions.
- Issues laravel/framework 10288, 14582, 20655: users who were logged out by it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.endpoints import cache_redis, same_server, session_redis, written
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_CLEARS: Final = re.compile(r"\b(?:cache|optimize):clear\b")


def check(target: Target) -> Iterator[Finding]:
    """Processes whose sessions are where ``cache:clear`` empties."""
    said: set[Place] = set()
    for process in target.processes(Role.WEB):
        sessions, cache = session_redis(process), cache_redis(process)
        if sessions is None or cache is None or not same_server(sessions, cache):
            continue
        number = sessions.database
        if number is None or number != cache.database or sessions.cluster or cache.cluster:
            continue
        name = cache.connections[0]
        place = written(process, f"database.redis.{name}.database", f"database.redis.{name}.host")
        if place in said:
            continue
        said.add(place)
        clears = _clears(target)
        when = "it is in these manifests" if clears else "many deployments run it"
        yield Finding(
            place,
            f"Everyone is logged out whenever the cache is cleared ({when}): sessions and cache are"
            f" both in database {number} of the Redis at {sessions.host}.",
            _hint(name, sessions.connections[0], number),
            str(process),
            (Related(sessions.place, "the sessions' connection"), *clears),
        )


def _hint(cache: str, sessions: str, number: int) -> str:
    if cache == sessions:
        return f"give sessions a connection of their own, to another database than {number}"
    return f"another database for database.redis.{cache} than {number}, or another instance"


def _clears(target: Target) -> tuple[Related, ...]:
    """What runs ``cache:clear`` or ``optimize:clear``."""
    return tuple(
        Related(place, f"{found[0]} is run here")
        for workload in target.workloads
        for container in (*workload.containers, *workload.init_containers)
        for text, place in container.texts()
        if (found := _CLEARS.search(text))
    )


RULE = Rule(
    "HF506",
    "sessions-in-the-cache-database",
    "Clearing the cache logs everyone out",
    Severity.CRITICAL,
    check,
    gotchas=("RED-06",),
)
