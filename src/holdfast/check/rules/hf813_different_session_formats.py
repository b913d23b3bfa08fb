"""Workloads that the same users come to write sessions in different formats.

## What it checks

Two workloads that one Service, one route or the paths of one host send to have different values of
`session.serialization`.

## Why it matters

Laravel takes what it cannot decode for an empty session, without an error, and saves that over the
original when the request ends. A user whose requests change sides loses the session on both.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-canary}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: SESSION_DRIVER, value: redis}, {name: SESSION_SERIALIZATION, value: json}]
```

```php config/session.php
<?php
return [
    'driver' => env('SESSION_DRIVER', 'database'),
    'serialization' => env('SESSION_SERIALIZATION', 'php'),
];
```

## Good

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-canary}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: SESSION_DRIVER, value: redis}]
```

```php config/session.php
<?php
return [
    'driver' => env('SESSION_DRIVER', 'database'),
    'serialization' => env('SESSION_SERIALIZATION', 'php'),
];
```

## How to fix

Set `session.serialization` to the same in both. To change it, let the sessions end first, or
change it for all pods at once at an hour when logging everybody out is accepted.

## Limits

A change of the configuration file itself is in no two workloads of one checkout, and is not seen.

## References

- Illuminate/Session/Store.php, `readFromHandler`, Laravel 13.26.1: what is no array becomes an
  empty session.
- Illuminate/Session/SessionManager.php, `buildSession`, 13.26.1 (the setting exists from 9.0 on).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import differing_rows, pairs
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Pairs with one format each."""
    for pair in pairs(target, by_path=True):
        if found := differing_rows(pair, "serialization"):
            yield Finding(
                found.places[1],
                f"Sessions are emptied whenever the other workload answers: session.serialization"
                f" is {found.values[0]} in {pair.one} and {found.values[1]} in {pair.other}, and"
                f" {pair.why}.",
                "set session.serialization to the same in both",
                str(pair.other),
                found.related(pair),
            )


RULE = Rule(
    "HF813",
    "different-session-formats",
    "Workloads that the same users come to write sessions in different formats",
    Severity.CRITICAL,
    check,
    gotchas=("ROL-13",),
)
