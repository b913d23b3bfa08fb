"""Workloads that the same users come to: one encrypts sessions, the other does not.

## What it checks

Two workloads that one Service, one route or the paths of one host send to have different values of
`session.encrypt`.

## Why it matters

Laravel reads what the other one wrote as an empty session, without an error, and at the end of the
request saves that empty session over the original. A user is not only logged out where the other
workload answers: the session is gone on both.

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
          env: [{name: SESSION_DRIVER, value: redis}, {name: SESSION_ENCRYPT, value: "true"}]
```

```php config/session.php
<?php
return [
    'driver' => env('SESSION_DRIVER', 'database'),
    'encrypt' => env('SESSION_ENCRYPT', false),
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
          env: [{name: SESSION_DRIVER, value: redis}, {name: SESSION_ENCRYPT, value: "true"}]
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
          env: [{name: SESSION_DRIVER, value: redis}, {name: SESSION_ENCRYPT, value: "true"}]
```

```php config/session.php
<?php
return [
    'driver' => env('SESSION_DRIVER', 'database'),
    'encrypt' => env('SESSION_ENCRYPT', false),
];
```

## How to fix

Set `SESSION_ENCRYPT` to the same in both. To switch it on, let the sessions end first, or switch
at an hour when logging everybody out is accepted.

## Limits

It needs the project: up to Laravel 10 the skeleton's configuration does not read
`SESSION_ENCRYPT`.

## References

- Illuminate/Session/EncryptedStore.php, Laravel 13.26.1: what cannot be decrypted is an empty
  session.
- Illuminate/Session/Store.php, `readFromHandler` and `save`, 13.26.1.
- `holdfast rehearse laravel --faults encrypt-skew` shows what users see, with real Laravel 8.83.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import differing_rows, pairs
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Pairs with one that encrypts."""
    for pair in pairs(target, by_path=True):
        if found := differing_rows(pair, "encrypt"):
            yield Finding(
                found.places[1],
                f"Sessions are emptied whenever the other workload answers: session.encrypt is"
                f" {found.values[0]} in {pair.one} and {found.values[1]} in {pair.other}, and"
                f" {pair.why}.",
                "set SESSION_ENCRYPT to the same in both",
                str(pair.other),
                found.related(pair),
            )


RULE = Rule(
    "HF210",
    "encrypted-in-one-workload-alone",
    "Workloads that the same users come to: one encrypts sessions, the other does not",
    Severity.CRITICAL,
    check,
    gotchas=("KEY-10",),
)
