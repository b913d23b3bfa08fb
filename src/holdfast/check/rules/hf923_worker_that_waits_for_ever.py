"""A worker waits for the next job for ever, and hears no signal meanwhile.

## What it checks

The queue's Redis connection has `'block_for' => 0`, and a worker uses it.

## Why it matters

With 0 the worker waits in Redis without an end. A SIGTERM is looked at between jobs only: a pod
that is to stop keeps waiting until its grace is over and it is killed, and a job that comes in the
last moment is killed with it.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  replicas: 2
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          args: [php, artisan, 'queue:work']
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: QUEUE_CONNECTION, value: redis}
```

```php config/queue.php
<?php
return ['default' => 'redis', 'connections' => ['redis' => [
    'driver' => 'redis',
    'block_for' => 0,
]]];
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker}
spec:
  replicas: 2
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          args: [php, artisan, 'queue:work']
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: QUEUE_CONNECTION, value: redis}
```

```php config/queue.php
<?php
return ['default' => 'redis', 'connections' => ['redis' => [
    'driver' => 'redis',
    'block_for' => 5,
]]];
```

## How to fix

`'block_for' => 5`: a few seconds, or null.

## Limits

Only the connection that the worker names, or the default one, is looked at.

## References

- Illuminate/Queue/RedisQueue.php, Laravel 13.26.1: `blpop` with `block_for`.
- Redis documentation, BLPOP: a timeout of zero blocks indefinitely.
- Laravel 13 documentation, «Queues», Redis: `block_for` of 0 keeps signals from being handled.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Workers that wait in Redis without an end."""
    for process in target.processes(Role.WORKER):
        settings = process.settings
        name = settings.text("queue.default")
        group = f"queue.connections.{name}"
        waits = settings.scalar(f"{group}.block_for")
        if settings.text(f"{group}.driver") != "redis" or waits is None or isinstance(waits, bool):
            continue
        if waits not in (0, "0"):
            continue
        yield Finding(
            settings.place(f"{group}.block_for"),
            f"{process} does not stop when it is told to, and is killed: it waits in Redis for ever"
            " (block_for is 0).",
            "'block_for' => 5",
            str(process),
        )


RULE = Rule(
    "HF923",
    "worker-that-waits-for-ever",
    "A worker waits for the next job for ever, and hears no signal meanwhile",
    Severity.MEDIUM,
    check,
    gotchas=("WRK-03",),
)
