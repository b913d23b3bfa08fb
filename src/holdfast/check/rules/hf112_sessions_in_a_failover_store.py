"""Sessions are kept in a cache store that fails over to another.

## What it checks

`session.store` names a cache store whose driver is `failover`.

## Why it matters

When the first store does not answer, a session is looked for in the second, where it is not: the
user is logged out, and what is done meanwhile is saved there. When the first store is back, those
sessions are left behind: users are logged out a second time, and what they did is gone. With the
driver `redis` it is worse: the failover store knows no connection, and every page answers 500.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: memcached}
            - {name: SESSION_STORE, value: safe}
```

```php config/cache.php
<?php
return ['default' => 'safe', 'stores' => [
    'safe' => ['driver' => 'failover', 'stores' => ['memcached', 'database']],
    'memcached' => ['driver' => 'memcached'],
    'database' => ['driver' => 'database'],
]];
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: memcached}
            - {name: SESSION_STORE, value: memcached}
```

```php config/cache.php
<?php
return ['default' => 'safe', 'stores' => [
    'safe' => ['driver' => 'failover', 'stores' => ['memcached', 'database']],
    'memcached' => ['driver' => 'memcached'],
    'database' => ['driver' => 'database'],
]];
```

## How to fix

Give sessions one store that decides, and make that store survive: a Redis with replicas and
Sentinel, or a database. `SESSION_STORE` names it, or stays unset.

## Limits

Where the store or its driver cannot be told, nothing is said.

## References

- Illuminate/Cache/FailoverStore.php, Laravel 13.26.1 (in 12 since October 2025, PR 57430): each
  operation tries one store after the other, until one does not throw; it has no `setConnection`.
- Illuminate/Session/SessionManager.php, 13.26.1: `createCacheHandler` takes `session.store`;
  `createRedisDriver` calls `setConnection`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_CACHE_BASED = ("redis", "memcached", "dynamodb", "apc")


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose sessions go to a failover store."""
    for process in target.processes(Role.WEB):
        settings = process.settings
        driver, store = settings.text("session.driver"), settings.text("session.store")
        if driver not in _CACHE_BASED or not store:
            continue
        if settings.text(f"cache.stores.{store}.driver") != "failover":
            continue
        yield Finding(
            settings.place("session.store"),
            f"Every page of {process.app.name} answers 500: the cache store «{store}» fails over,"
            " and the session driver redis asks it for a connection that it does not have."
            if driver == "redis"
            else f"An outage of its first store logs out the users of {process.app.name} twice, and"
            f" what they do meanwhile is lost: sessions are in the cache store «{store}», which"
            " fails over to another and does not come back with what it has.",
            "SESSION_STORE= (unset), or the name of one store",
            str(process),
        )


RULE = Rule(
    "HF112",
    "sessions-in-a-failover-store",
    "Sessions are kept in a cache store that fails over to another",
    Severity.HIGH,
    check,
    gotchas=("STO-12",),
)
