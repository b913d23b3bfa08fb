"""Workloads that the same users come to keep their sessions in different stores.

## What it checks

Two workloads that one Service or one route sends to differ in the session driver, or in the Redis
(host, port, database number) or the database (kind, host, name, table) behind it.

## Why it matters

Each workload finds only the sessions that it wrote itself. A user who logs in at one is a stranger
to the other, which answers with a new cookie: login, cart and form token are lost whenever
requests change sides. That is so during every change of driver that is rolled out as a canary.

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
          env: [{name: SESSION_DRIVER, value: database}]
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

## How to fix

Give both the same store. To change the store, change it for all pods at once at an hour when
logging everybody out is accepted, or copy the sessions first.

## Limits

Only values that are known of both are compared. Names of one host, short and with its domain,
count as the same.

## References

- Illuminate/Session/SessionManager.php, Laravel 13.26.1: the driver chooses the store.
- Illuminate/Session/Middleware/StartSession.php, 13.26.1: a session that is not found starts
  empty.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import Difference, Pair, differing, differing_rows, pairs
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Pairs whose sessions are in different stores."""
    for pair in pairs(target):
        if found := different_stores(pair):
            yield Finding(
                found.places[1],
                f"Users are logged out whenever the other workload answers: {found.what} is"
                f" {found.values[0]} in {pair.one} and {found.values[1]} in {pair.other}, and"
                f" {pair.why}.",
                "give both the same store",
                str(pair.other),
                found.related(pair),
            )


def different_stores(pair: Pair) -> Difference | None:
    """What of the stores of two differs; None where nothing is known to."""
    if found := differing(pair, "session.driver"):
        return found
    match pair.one.settings.text("session.driver"):
        case "redis":
            members = ("host", "port", "database")
            names = [f"database.redis.default.{member}" for member in members]
            return differing_rows(pair, *(f"redis.{m}" for m in members)) or (
                differing(pair, *names) if pair.one.settings.session is None else None
            )
        case "database":
            return differing_rows(
                pair, "database.driver", "database.host", "database.database", "table"
            )
    return None


RULE = Rule(
    "HF113",
    "sessions-in-different-stores",
    "Workloads that the same users come to keep their sessions in different stores",
    Severity.HIGH,
    check,
    gotchas=("STO-13",),
)
