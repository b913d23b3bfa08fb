"""Sessions are read from one node of a Redis Cluster.

## What it checks

The connection of the sessions is an ordinary one, and its host leads to a Redis Cluster
(`cluster-enabled yes`, a `RedisCluster`, a `ValkeyCluster`) of several nodes.

## Why it matters

A node answers `MOVED` for each key that another one has, and such a connection does not follow it:
most requests fail with an error, the others work.

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
    'default' => ['host' => 'redis-leader', 'port' => 6379, 'database' => 0],
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
---
apiVersion: redis.redis.opstreelabs.in/v1beta2
kind: RedisCluster
metadata: {name: redis}
spec:
  clusterSize: 3
  clusterVersion: v7
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
    'stores' => ['redis' => ['driver' => 'redis', 'connection' => 'cache']],
];
```

```php config/database.php
<?php
return ['redis' => [
    'client' => 'phpredis',
    'clusters' => ['default' => [['host' => 'redis-leader', 'port' => 6379, 'database' => 0]]],
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
---
apiVersion: redis.redis.opstreelabs.in/v1beta2
kind: RedisCluster
metadata: {name: redis}
spec:
  clusterSize: 3
  clusterVersion: v7
```

## How to fix

Move the connection below `clusters` in `config/database.php`, under the same name, and take it out
above: Laravel looks there last.

## Limits

Endpoints of cloud providers are not looked at: a cluster of one node answers for all keys.

## References

- Redis documentation, «Redis cluster specification», MOVED redirection.
- Illuminate/Redis/RedisManager.php, `resolve` (Laravel 8 to 13): a connection of that name wins
  over a cluster.
- Issue laravel/framework 35600.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.session_store import session_stores
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.stores.store import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Connections of sessions that do not know that they go to a cluster."""
    for kept in session_stores(target):
        store = kept.store
        one = store.scale is not None and store.scale.most == 1
        if kept.endpoint.cluster or kept.lead.to is not Role.CLUSTER or one:
            continue
        yield Finding(
            kept.endpoint.place,
            f"Most requests fail: {store} is a Redis Cluster, and the connection"
            f" «{kept.endpoint.connections[0]}» of the sessions is that of a single server, which"
            " does not follow MOVED.",
            "move the connection below database.redis.clusters",
            str(kept.process),
            (Related(store.place, "the cluster"),),
        )


RULE = Rule(
    "HF511",
    "cluster-used-as-a-single-server",
    "Sessions are read from one node of a Redis Cluster",
    Severity.HIGH,
    check,
    gotchas=("RED-11",),
)
