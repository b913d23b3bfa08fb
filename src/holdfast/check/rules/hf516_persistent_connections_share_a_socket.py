"""Persistent connections of Predis write sessions into the cache's database.

## What it checks

The Redis client is Predis, the connections of sessions and cache go to one server, to different
databases of it, and both are `persistent`.

## Why it matters

PHP gives both connections the same socket, since their address is the same. Which database is
selected on it depends on which of the two was used first: sessions are written into the cache's
database and not found in their own, and the next `cache:clear` empties them. Users are logged out
at random.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: CACHE_STORE, value: redis}
            - {name: REDIS_PERSISTENT, value: "true"}
```
```php config/session.php
<?php
return ['driver' => env('SESSION_DRIVER'), 'connection' => null, 'store' => null];
```
```php config/cache.php
<?php
return ['default' => env('CACHE_STORE'), 'prefix' => '', 'stores' => [
    'redis' => ['driver' => 'redis', 'connection' => 'cache'],
]];
```
```php config/database.php
<?php
return ['redis' => [
    'client' => 'predis',
    'default' => ['host' => 'redis', 'port' => 6379, 'database' => 0,
        'persistent' => env('REDIS_PERSISTENT', false)],
    'cache' => ['host' => 'redis', 'port' => 6379, 'database' => 1,
        'persistent' => env('REDIS_PERSISTENT', false)],
]];
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: CACHE_STORE, value: redis}
```
```php config/session.php
<?php
return ['driver' => env('SESSION_DRIVER'), 'connection' => null, 'store' => null];
```
```php config/cache.php
<?php
return ['default' => env('CACHE_STORE'), 'prefix' => '', 'stores' => [
    'redis' => ['driver' => 'redis', 'connection' => 'cache'],
]];
```
```php config/database.php
<?php
return ['redis' => [
    'client' => 'predis',
    'default' => ['host' => 'redis', 'port' => 6379, 'database' => 0,
        'persistent' => env('REDIS_PERSISTENT', false)],
    'cache' => ['host' => 'redis', 'port' => 6379, 'database' => 1,
        'persistent' => env('REDIS_PERSISTENT', false)],
]];
```

## How to fix

`REDIS_PERSISTENT=false`, or a name of its own for each connection as the value of `persistent`, or
the client phpredis: Laravel selects the database on each of its connections.

## Limits

Connections by URL and clusters are not judged.

## References

- predis/predis issue 577 and pull request 272: one stream, two databases.
- Illuminate/Redis/Connectors/PredisConnector.php, Laravel 13.26.1: `persistent` is handed on.
- Illuminate/Redis/Connectors/PhpRedisConnector.php, 8.83.27 and 13.26.1, `createClient`: it selects
  the database of each connection, persistent or not.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.endpoints import cache_redis, same_server, session_redis
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose connections of Predis share a socket."""
    for process in target.processes(Role.WEB):
        if process.settings.text("database.redis.client") != "predis":
            continue
        names = _sharing(process)
        if names is None:
            continue
        sessions, cache = (f"database.redis.{name}.persistent" for name in names)
        yield Finding(
            process.settings.place(sessions),
            f"Users of {process} are logged out at random: Predis writes sessions into the cache's"
            " database and the other way round, since both connections are persistent and share"
            " one socket.",
            f"'persistent' => false for {cache.rpartition('.')[0]}",
            str(process),
            (Related(process.settings.place(cache), "the cache's connection"),),
        )


def _sharing(process: Process) -> tuple[str, str] | None:
    """The connections of sessions and cache, where they surely share a socket."""
    sessions, cache = session_redis(process), cache_redis(process)
    if sessions is None or cache is None or not same_server(sessions, cache):
        return None
    if len(sessions.connections) > 1 or len(cache.connections) > 1:
        return None
    if None in (sessions.database, cache.database) or sessions.database == cache.database:
        return None
    names = (sessions.connections[0], cache.connections[0])
    persistent = [process.settings.scalar(f"database.redis.{name}.persistent") for name in names]
    return names if persistent == [True, True] and not sessions.cluster else None


RULE = Rule(
    "HF516",
    "persistent-connections-share-a-socket",
    "Persistent connections of Predis write sessions into the cache's database",
    Severity.HIGH,
    check,
    gotchas=("RED-16",),
)
