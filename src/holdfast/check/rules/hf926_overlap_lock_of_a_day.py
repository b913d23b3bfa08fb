r"""A task whose pod is killed does not run again for a day.

## What it checks

Scheduled tasks have `withoutOverlapping()` without a number of minutes, and the scheduler runs in
pods with a cache store that outlives them.

## Why it matters

The lock is taken for 1440 minutes and given back when the task ends. A pod that is killed
meanwhile (too little memory, a lost node, a grace that is too short; before Laravel 13 a plain
SIGTERM is enough) does not give it back: the task is skipped for a day, without an error.

## Bad

```yaml scheduler.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: scheduler}
spec:
  replicas: 1
  selector: {matchLabels: {app: scheduler}}
  template:
    metadata: {labels: {app: scheduler}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          args: [php, artisan, 'schedule:work']
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: CACHE_STORE, value: redis}
```

```php config/cache.php
<?php
return ['default' => env('CACHE_STORE', 'file'), 'stores' => [
    'file' => ['driver' => 'file', 'path' => storage_path('framework/cache/data')],
    'redis' => ['driver' => 'redis'],
    'database' => ['driver' => 'database'],
]];
```

```php routes/console.php
<?php
use Illuminate\Support\Facades\Schedule;

Schedule::command('import:orders')->everyMinute()->withoutOverlapping();
```

## Good

```yaml scheduler.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: scheduler}
spec:
  replicas: 1
  selector: {matchLabels: {app: scheduler}}
  template:
    metadata: {labels: {app: scheduler}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          args: [php, artisan, 'schedule:work']
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: CACHE_STORE, value: redis}
```

```php config/cache.php
<?php
return ['default' => env('CACHE_STORE', 'file'), 'stores' => [
    'file' => ['driver' => 'file', 'path' => storage_path('framework/cache/data')],
    'redis' => ['driver' => 'redis'],
    'database' => ['driver' => 'database'],
]];
```

```php routes/console.php
<?php
use Illuminate\Support\Facades\Schedule;

Schedule::command('import:orders')->everyMinute()->withoutOverlapping(10);
```

## How to fix

Say after how many minutes a lock is stale: `withoutOverlapping(10)`. `php artisan
schedule:clear-cache` frees those that are held.

## Limits

How long the task takes is not known.

## References

- Illuminate/Console/Scheduling/ManagesAttributes.php, Event.php, Laravel 8.83 to 13.26.1:
  `withoutOverlapping($expiresAt = 1440)`.
- Event.php, 13.26.1: `ensureMutexIsReleasedOnSignal` gives it back at SIGTERM, where pcntl is
  there; 12.x has no such thing.
- Laravel 13 documentation, «Task Scheduling», Preventing Task Overlaps.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at, with_code
from holdfast.check.facts.lock_store import of_one_pod
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.code import code


def check(target: Target) -> Iterator[Finding]:
    """Tasks with a lock of a day."""
    for app, directory in with_code(target):
        process = next((p for p in app.processes if p.role is Role.SCHEDULER and p.workload), None)
        store = process.settings.text("cache.default") if process else ""
        if process is None or not store or of_one_pod(process, store):
            continue
        for call in directory.of(code).called("->withoutOverlapping"):
            scheduled = call.holder.endswith("::schedule") or call.spot.file.startswith("routes/")
            if not scheduled or call.arguments or call.named or call.arguments is None:
                continue
            yield Finding(
                at(app, call.spot),
                f"If a pod of {process} is killed while this task runs, the task is skipped for a"
                f" day: its lock stays in the cache store «{store}» for 1440 minutes.",
                "withoutOverlapping(10): the minutes after which the lock is stale",
                app.name,
            )


RULE = Rule(
    "HF926",
    "overlap-lock-of-a-day",
    "A task whose pod is killed does not run again for a day",
    Severity.MEDIUM,
    check,
    gotchas=("WRK-06",),
)
