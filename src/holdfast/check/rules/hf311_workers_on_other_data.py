"""Workers and web pods of one application do not work on the same data.

## What it checks

A worker or a scheduler and a web workload of one application differ in the key, the queue, the
Redis or the database behind them, or in a prefix.

## Why it matters

The worker waits at a queue that nobody fills, or clears a cache that nobody reads; a job that is
to end a user's sessions ends none, as it looks in another place. With another key, encrypted jobs
and signed links of the one are broken for the other.

## Bad

```yaml deploy.yaml
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
          env:
            - {name: QUEUE_CONNECTION, value: redis}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_PREFIX, value: shop_}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-worker}
spec:
  template:
    metadata: {labels: {app: shop-worker}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, queue:work]
          env:
            - {name: QUEUE_CONNECTION, value: redis}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_PREFIX, value: worker_}
```

## Good

```yaml deploy.yaml
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
          envFrom: [{configMapRef: {name: shop}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-worker}
spec:
  template:
    metadata: {labels: {app: shop-worker}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, queue:work]
          envFrom: [{configMapRef: {name: shop}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {QUEUE_CONNECTION: redis, SESSION_DRIVER: redis, REDIS_PREFIX: shop_}
```

## How to fix

One ConfigMap and one Secret for all workloads of the application.

## Limits

Only values that are known of both are compared. A worker with a connection in its command
(`queue:work sqs`) may have another queue.

## References

- Illuminate/Queue/RedisQueue.php and Illuminate/Encryption/EncryptionServiceProvider.php, Laravel
  13.26.1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.agreement import Difference, Pair, differing, differing_rows, keys
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import App, Target

_REDIS: Final = (
    "database.redis.options.prefix",
    "database.redis.default.host",
    "database.redis.default.database",
)
_OWN_CONNECTION: Final = re.compile(r"queue:(?:work|listen)\s+(?!-)\S")


def check(target: Target) -> Iterator[Finding]:
    """Background processes that differ from the web processes of their application."""
    for app in target.apps:
        web = _web(app)
        if web is None:
            continue
        for process in app.processes:
            if process.role not in (Role.WORKER, Role.SCHEDULER) or not process.endless:
                continue
            pair = Pair(web, process, "")
            if found := _difference(pair):
                shown = f" is {found.values[0]} and {found.values[1]}" if found.values[0] else ""
                yield Finding(
                    found.places[1],
                    f"{web} and {process} do not work on the same data: {found.what}"
                    f"{shown or ' differs'}.",
                    "take both environments from one ConfigMap and one Secret",
                    str(process),
                    found.related(pair),
                )


def _web(app: App) -> Process | None:
    """The one web workload; several may have settings of their own."""
    web = [p for p in app.processes if p.role is Role.WEB and p.endless]
    return web[0] if len(web) == 1 else None


def _difference(pair: Pair) -> Difference | None:
    container = pair.other.container
    command = " ".join(container.command) if container else ""
    if not _OWN_CONNECTION.search(command) and (found := differing(pair, "queue.default")):
        return found
    queues = {p.settings.text("queue.default") for p in (pair.one, pair.other)}
    if queues == {"redis"} and (found := differing(pair, *_REDIS)):
        return found
    caches = {p.settings.text("cache.default") for p in (pair.one, pair.other)}
    if caches == {"redis"} and (found := differing(pair, "cache.prefix")):
        return found
    if found := differing_rows(pair, "database.driver", "database.host", "database.database"):
        return found
    ours, theirs = keys(pair.one), keys(pair.other)
    if ours is not None and theirs is not None and ours[0] != theirs[0]:
        places = (pair.one.settings.place("app.key"), pair.other.settings.place("app.key"))
        return Difference("APP_KEY", ("", ""), places)
    return None


RULE = Rule(
    "HF311",
    "workers-on-other-data",
    "Workers and web pods of one application do not work on the same data",
    Severity.MEDIUM,
    check,
    gotchas=("CFG-11",),
)
