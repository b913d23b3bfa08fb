"""Workloads with the same users write sessions into Redis in different formats.

## What it checks

phpredis' own serializer or compression (`options.serializer`, `options.compression` of
`database.redis`) differs between two web workloads that the same users come to, and both keep
sessions in Redis.

## Why it matters

What one has written is no session for the other: it is read as an empty one, which then takes the
place of the full one in the store. Users are logged out, for good, whenever the other workload
answers.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop, track: stable}}
  template:
    metadata: {labels: {app: shop, track: stable}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: REDIS_SERIALIZER, value: "1"}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-canary}
spec:
  selector: {matchLabels: {app: shop, track: canary}}
  template:
    metadata: {labels: {app: shop, track: canary}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: SESSION_DRIVER, value: redis}, {name: REDIS_SERIALIZER, value: "2"}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80}]
```
```php config/session.php
<?php
return ['driver' => env('SESSION_DRIVER')];
```
```php config/database.php
<?php
return ['redis' => ['options' => ['serializer' => (int) env('REDIS_SERIALIZER', 0)]]];
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
          env: [{name: SESSION_DRIVER, value: redis}, {name: REDIS_SERIALIZER, value: "1"}]
```
```php config/session.php
<?php
return ['driver' => env('SESSION_DRIVER')];
```
```php config/database.php
<?php
return ['redis' => ['options' => ['serializer' => (int) env('REDIS_SERIALIZER', 0)]]];
```

## How to fix

The same in both; a change of it is a new store, or a night with everyone logged out.

## Limits

Options of a single connection, and extensions that lack a format, are not judged.

## References

- Illuminate/Redis/Connectors/PhpRedisConnector.php, Laravel 13.26.1, `createClient`:
  OPT_SERIALIZER and OPT_COMPRESSION.
- Illuminate/Session/Store.php, 13.26.1, `readFromHandler`: what is no array is an empty session.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import differing, pairs
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_OPTIONS = ("database.redis.options.serializer", "database.redis.options.compression")


def check(target: Target) -> Iterator[Finding]:
    """Pairs with sessions in Redis that are written differently."""
    for pair in pairs(target):
        drivers = {p.settings.text("session.driver") for p in (pair.one, pair.other)}
        found = differing(pair, *_OPTIONS) if drivers == {"redis"} else None
        if found is None:
            continue
        yield Finding(
            found.places[1],
            "Users are logged out whenever the other workload answers:"
            f" {found.what} is {found.values[0]} in {pair.one} and {found.values[1]} in"
            f" {pair.other}, and {pair.why}.",
            "set it to the same in both",
            str(pair.other),
            found.related(pair),
        )


RULE = Rule(
    "HF510",
    "different-redis-formats",
    "Workloads with the same users write sessions into Redis in different formats",
    Severity.CRITICAL,
    check,
    gotchas=("RED-10",),
)
