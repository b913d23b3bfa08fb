"""KEDA watches a Redis list that Laravel does not write to.

## What it checks

The `listName` of a ScaledObject for a worker, against the key of Laravel's queues: the prefix of
the Redis connection, then `queues:`, then the name of the queue; and `databaseIndex` against the
database.

## Why it matters

KEDA sees an empty list whatever happens. Workers are never scaled out, and with a minimum of 0
none runs at all: mails and exports wait for ever.

## Bad

```yaml deploy.yaml
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
            - {name: REDIS_PREFIX, value: shop_}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: shop-worker}
spec:
  scaleTargetRef: {name: shop-worker}
  triggers:
    - type: redis
      metadata: {address: "redis:6379", listName: "queues:default", listLength: "5"}
```

## Good

```yaml deploy.yaml
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
            - {name: REDIS_PREFIX, value: shop_}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: shop-worker}
spec:
  scaleTargetRef: {name: shop-worker}
  minReplicaCount: 1
  triggers:
    - type: redis
      metadata: {address: "redis:6379", listName: "shop_queues:default", listLength: "5"}
```

## How to fix

Pin `REDIS_PREFIX`, and write it in front: `listName: shop_queues:default`. Delayed jobs are in
another key, a sorted set: keep one worker (`minReplicaCount: 1`) where there are some.

## Limits

Where the prefix cannot be told, nothing is said.

## References

- Illuminate/Queue/RedisQueue.php, Laravel 13.26.1: `queues:` and the name; `:delayed` and
  `:reserved` are sorted sets.
- KEDA 2.13, «Redis Lists»: `listName` is the key as Redis has it, `databaseIndex` is 0 where
  nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.edits import replaced
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import Object, get, items, same_namespace, text
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.values import Known


def check(target: Target) -> Iterator[Finding]:
    """Triggers that look at no queue of their worker."""
    for process in target.processes(Role.WORKER):
        if process.settings.text("queue.default") != "redis":
            continue
        prefix = process.settings.get("database.redis.options.prefix")
        if not isinstance(prefix, Known) or not isinstance(prefix.value, str | None):
            continue
        for scaled in target.objects.of("ScaledObject"):
            if _scales(scaled, process):
                yield from _triggers(scaled, process, f"{prefix.value or ''}queues:")


def _scales(scaled: Object, process: Process) -> bool:
    workload = process.workload
    return (
        workload is not None
        and scaled.get("spec", "scaleTargetRef", "name") == workload.name
        and same_namespace(scaled.namespace, workload.namespace)
    )


def _triggers(scaled: Object, process: Process, start: str) -> Iterator[Finding]:
    for index, trigger in enumerate(items(scaled.body, "spec", "triggers")):
        name = text(get(trigger, "metadata", "listName"))
        if not text(get(trigger, "type")).startswith("redis") or not name or "{" in name:
            continue
        # Streams have other triggers; a list of something else is the user's own.
        if "queues:" in name and not name.startswith(start):
            queue = name.rpartition("queues:")[2]
            path = ("spec", "triggers", index, "metadata", "listName")
            yield Finding(
                scaled.at(*path),
                f"{process.workload} is never scaled out: KEDA watches the list «{name}», and"
                f" Laravel puts its jobs into «{start}{queue}».",
                f"listName: {start}{queue}",
                str(process),
                (Related(process.settings.place("database.redis.options.prefix"), "the prefix"),),
                replaced(scaled, f'"{start}{queue}"', *path),
            )


RULE = Rule(
    "HF928",
    "scaler-watches-no-queue",
    "KEDA watches a Redis list that Laravel does not write to",
    Severity.MEDIUM,
    check,
    gotchas=("WRK-08",),
    fixable=True,
)
