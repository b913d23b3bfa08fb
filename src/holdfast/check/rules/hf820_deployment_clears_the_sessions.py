"""A deployment clears the cache that the sessions are in.

## What it checks

`php artisan cache:clear` or `optimize:clear` runs when a container starts, or a pipeline runs it in
the cluster (`kubectl exec`, `ssh`), and the sessions are in the cache's Redis database.

## Why it matters

`cache:clear` empties the whole database of the cache's connection (FLUSHDB), whatever the keys
begin with, and `optimize:clear` runs it too: everyone is logged out with each deployment, and with
each container that starts.

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
          command: [sh, -c, "php artisan optimize:clear && exec php-fpm"]
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: CACHE_STORE, value: redis}
            - {name: REDIS_HOST, value: redis}
            - {name: REDIS_CACHE_DB, value: "0"}
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
    'client' => 'phpredis',
    'default' => ['host' => env('REDIS_HOST'), 'port' => 6379, 'database' => 0],
    'cache' => ['host' => env('REDIS_HOST'), 'port' => 6379, 'database' => env('REDIS_CACHE_DB')],
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
          command: [sh, -c, "php artisan optimize && exec php-fpm"]
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: CACHE_STORE, value: redis}
            - {name: REDIS_HOST, value: redis}
            - {name: REDIS_CACHE_DB, value: "1"}
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
    'client' => 'phpredis',
    'default' => ['host' => env('REDIS_HOST'), 'port' => 6379, 'database' => 0],
    'cache' => ['host' => env('REDIS_HOST'), 'port' => 6379, 'database' => env('REDIS_CACHE_DB')],
]];
```

## How to fix

Give the cache a database or an instance of its own; use `config:clear` and `route:clear` where only
these are meant.

## Limits

A command that runs under a condition, or for a store that it names, is not judged.

## References

- Illuminate/Cache/RedisStore.php, Laravel 13.26.1, `flush`: FLUSHDB.
- Illuminate/Foundation/Console/OptimizeClearCommand.php, 13.26.1: it runs `cache:clear`.
- lorisleiva/laravel-deployer issue 25.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import Call, at_start, in_pipelines
from holdfast.check.facts.endpoints import cache_redis, same_server, session_redis
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_CLEARS = frozenset(("cache:clear", "optimize:clear"))
_REACHES = frozenset(("kubectl", "oc", "ssh", "helm"))


def check(target: Target) -> Iterator[Finding]:
    """Calls that empty the database of the sessions."""
    calls = [call for call in at_start(target) if _clears(call)]
    calls += [
        call
        for call in in_pipelines(target)
        if _clears(call) and call.artisan.command.name in _REACHES
    ]
    if not calls:
        return
    for process in target.processes(Role.WEB):
        database = _shared(process)
        if database is None:
            continue
        for call in calls:
            yield Finding(
                call.place,
                f"Everyone is logged out {call.when}: {call.name} empties database {database} of"
                " the Redis that the sessions are in.",
                "clear what is meant (config:clear, route:clear), or give the cache a database of"
                " its own",
                call.subject,
                (Related(process.settings.place("session.driver"), "the sessions' driver"),),
            )
        return


def _clears(call: Call) -> bool:
    named = [word for word in call.artisan.arguments if not word.text.startswith("-")]
    return call.name in _CLEARS and not call.conditional and not named


def _shared(process: Process) -> int | None:
    """The database that sessions and cache of a process are in, where it is one."""
    sessions, cache = session_redis(process), cache_redis(process)
    if sessions is None or cache is None or not same_server(sessions, cache):
        return None
    if sessions.cluster or cache.cluster or sessions.database != cache.database:
        return None
    return sessions.database


RULE = Rule(
    "HF820",
    "deployment-clears-the-sessions",
    "A deployment clears the cache that the sessions are in",
    Severity.CRITICAL,
    check,
    gotchas=("ROL-20", "RED-06"),
)
