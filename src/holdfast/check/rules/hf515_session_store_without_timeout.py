"""A Redis that hangs holds every PHP process for a minute.

## What it checks

The connection of the sessions is that of phpredis and has no `read_timeout`, neither itself nor in
the `options`.

## Why it matters

Without one a request waits for PHP's `default_socket_timeout`, 60 seconds unless `php.ini` says
otherwise, when Redis is stuck (a slow command, a frozen node, a dropped network). Each request
reads its session first, so within seconds all PHP processes wait, probes fail, and the kubelet
restarts every pod.

## Bad

```php config/session.php
<?php
return ['driver' => env('SESSION_DRIVER', 'redis'), 'connection' => env('SESSION_CONNECTION')];
```

```php config/cache.php
<?php
return [
    'default' => env('CACHE_STORE', 'file'),
    'stores' => ['redis' => ['driver' => 'redis', 'connection' => 'default']],
];
```

```php config/database.php
<?php
return ['redis' => [
    'client' => 'phpredis',
    'default' => [
        'host' => env('REDIS_HOST', 'redis'),
        'database' => 0,
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
    'default' => env('CACHE_STORE', 'file'),
    'stores' => ['redis' => ['driver' => 'redis', 'connection' => 'default']],
];
```

```php config/database.php
<?php
return ['redis' => [
    'client' => 'phpredis',
    'default' => [
        'host' => env('REDIS_HOST', 'redis'),
        'database' => 0,
        'timeout' => 2.0,
        'read_timeout' => 2.0,
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

Set `timeout` (to connect) and `read_timeout` of the connection to a few seconds in
`config/database.php`.

## Limits

Only where the project is among what is checked. `default_socket_timeout` is read of a php.ini that
a Dockerfile here copies; 10 seconds and less are no finding. Predis and clusters are left alone.

## References

- Illuminate/Redis/Connectors/PhpRedisConnector.php (Laravel 8 to 13): both are 0 where the
  connection does not set them.
- Measured with phpredis 5.3.7 and PHP 8.2: a read of a server that never answers ends after
  `default_socket_timeout`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.endpoints import session_redis, told, written
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import App, Target

_GROUP: Final = "database.redis"
_SHORT: Final = 10


def check(target: Target) -> Iterator[Finding]:
    """Connections of sessions without a limit of waiting."""
    waits = _default_wait(target)
    if waits <= _SHORT:
        return
    said: set[tuple[App, str]] = set()
    for process in target.processes(Role.WEB):
        endpoint = session_redis(process)
        if endpoint is None or process.settings.project is None or len(endpoint.connections) != 1:
            continue
        name = endpoint.connections[0]
        client = told(process, f"{_GROUP}.client")
        if endpoint.cluster or client not in ("", "phpredis") or (process.app, name) in said:
            continue
        said.add((process.app, name))
        if any(_limit(process, name, where) for where in _places(name)):
            continue
        yield Finding(
            written(process, f"{_GROUP}.{name}.read_timeout", f"{_GROUP}.{name}"),
            f"When Redis hangs, each request waits {waits} seconds for its session, and soon no PHP"
            f" process is left: the connection «{name}» has no read_timeout.",
            "set 'timeout' => 2.0 and 'read_timeout' => 2.0 in config/database.php",
            str(process),
        )


def _default_wait(target: Target) -> int:
    """Seconds that PHP waits by itself; the shortest that an image here sets."""
    said = [
        setting.seconds
        for image in target.repository.images
        for setting in image.php_ini
        if setting.name == "default_socket_timeout" and setting.seconds is not None
    ]
    return min(said, default=60)


def _places(name: str) -> tuple[str, ...]:
    """Where phpredis's connector looks."""
    return (f"{_GROUP}.{name}", f"{_GROUP}.{name}.options", f"{_GROUP}.options")


def _limit(process: Process, name: str, where: str) -> bool:
    """Whether a limit is set there, or may be."""
    return told(process, f"{where}.read_timeout") not in ("", "0", "0.0")


RULE = Rule(
    "HF515",
    "session-store-without-timeout",
    "A Redis that hangs holds every PHP process for a minute",
    Severity.MEDIUM,
    check,
    gotchas=("RED-15",),
)
