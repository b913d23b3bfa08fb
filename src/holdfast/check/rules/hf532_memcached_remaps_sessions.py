"""One memcached more or less logs most users out.

## What it checks

Sessions are in memcached with several servers, and the store has no `options`, so that keys are
spread by modulo.

## Why it matters

With a third server two thirds of all sessions are looked for where they are not, and with the same
servers in another order all of them. It happens while such a change is rolled out, too: old and new
pods look in different places and log out each other's users.

## Bad

```php config/session.php
<?php
return ['driver' => 'memcached', 'store' => null];
```

```php config/cache.php
<?php
return [
    'default' => 'file',
    'stores' => [
        'memcached' => [
            'driver' => 'memcached',
            'servers' => [
                ['host' => 'memcached-0.memcached', 'port' => 11211, 'weight' => 100],
                ['host' => 'memcached-1.memcached', 'port' => 11211, 'weight' => 100],
            ],
            'options' => [],
        ],
        'redis' => ['driver' => 'redis'],
    ],
];
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
```

## Good

```php config/session.php
<?php
return ['driver' => 'memcached', 'store' => null];
```

```php config/cache.php
<?php
return [
    'default' => 'file',
    'stores' => [
        'memcached' => [
            'driver' => 'memcached',
            'servers' => [
                ['host' => 'memcached-0.memcached', 'port' => 11211, 'weight' => 100],
                ['host' => 'memcached-1.memcached', 'port' => 11211, 'weight' => 100],
            ],
            'options' => [Memcached::OPT_LIBKETAMA_COMPATIBLE => true],
        ],
        'redis' => ['driver' => 'redis'],
    ],
];
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
```

## How to fix

Add `Memcached::OPT_LIBKETAMA_COMPATIBLE => true` to `options` while nobody minds to log in anew (it
moves keys once more), and keep the order of servers; or move sessions to Redis.

## Limits

Options that are there are taken to be right.

## References

- Illuminate/Cache/MemcachedConnector.php (Laravel 8 to 13): options are set as they are configured.
- Measured with php-memcached 3.2.0: a third server moves 67.8 % of 10,000 keys, with ketama 30.7 %;
  another order moves 100 %.
- PHP manual, Memcached, «Predefined constants»: OPT_DISTRIBUTION is DISTRIBUTION_MODULA by default.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.endpoints import memcached_store, server_count, written
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.values import Array, Unknown, Value


def check(target: Target) -> Iterator[Finding]:
    """Memcached stores of sessions with several servers and no consistent hashing."""
    said: set[Place] = set()
    for process in target.processes(Role.WEB):
        name = memcached_store(process)
        if name is None or process.settings.project is None:
            continue
        count = server_count(process, name)
        options = process.settings.get(f"cache.stores.{name}.options")
        place = written(process, f"cache.stores.{name}.servers")
        if count is None or count < 2 or not _empty(options) or place in said:
            continue
        said.add(place)
        yield Finding(
            place,
            f"Most users are logged out when a memcached server is added, taken away or listed in"
            f" another order: sessions are spread over {count} by modulo.",
            "add Memcached::OPT_LIBKETAMA_COMPATIBLE => true to its options",
            str(process),
        )


def _empty(options: Value) -> bool:
    """Whether there surely are none."""
    if isinstance(options, Unknown):
        return False
    if isinstance(options.value, Array):
        return not options.value.items and options.value.rest is None
    return options.value is None


RULE = Rule(
    "HF532",
    "memcached-remaps-sessions",
    "One memcached more or less logs most users out",
    Severity.CRITICAL,
    check,
    gotchas=("MEM-02",),
)
