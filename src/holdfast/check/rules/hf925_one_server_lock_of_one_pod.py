r"""Tasks that are to run on one server run on each.

## What it checks

Scheduled tasks have `onOneServer()`, more than one scheduler may run, and the default cache store
belongs to one pod (`file`, `array`, `apc`, a database on SQLite).

## Why it matters

`onOneServer` takes a lock in the default cache store. A store of one pod gives it to each
scheduler: the task runs as often as there are pods. Mails go out twice, invoices are written
twice, sessions are cleaned up from two sides.

## Bad

```yaml scheduler.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: scheduler}
spec:
  replicas: 2
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

Schedule::command('report:send')->daily()->onOneServer();
```

## Good

```yaml scheduler.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: scheduler}
spec:
  replicas: 2
  selector: {matchLabels: {app: scheduler}}
  template:
    metadata: {labels: {app: scheduler}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          args: [php, artisan, 'schedule:work']
          env:
            - {name: CACHE_STORE, value: redis}
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
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

Schedule::command('report:send')->daily()->onOneServer();
```

## How to fix

`CACHE_STORE=redis` (before Laravel 11 `CACHE_DRIVER`), a store that all pods reach; or one
scheduler: `replicas: 1`.

## Limits

`useCache()` of the scheduler is not followed.

## References

- Illuminate/Console/Scheduling/CacheSchedulingMutex.php, Laravel 13.26.1: `create`.
- Laravel 13 documentation, «Task Scheduling», Running Tasks on One Server.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at
from holdfast.check.facts.lock_store import of_one_pod
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.code import code


def check(target: Target) -> Iterator[Finding]:
    """Schedulers of several replicas that share no lock."""
    for process in target.processes(Role.SCHEDULER):
        workload, app = process.workload, process.app
        if workload is None or not workload.scale.several or app.directory is None:
            continue
        calls = app.directory.of(code)
        tasks = calls.called("->onOneServer")
        store = process.settings.text("cache.default")
        kept = of_one_pod(process, store) if store else ""
        if not tasks or not kept or calls.called("Schedule::useCache", "->useCache"):
            continue
        scale = workload.scale
        yield Finding(
            process.settings.place("cache.default"),
            f"Scheduled tasks of {app.name} run in each of {scale}, onOneServer or not: the lock is"
            f" in the cache store «{store}», {kept}.",
            "CACHE_STORE=redis, or one scheduler",
            str(process),
            (Related(at(app, tasks[0].spot), "is to run on one server"),),
        )


RULE = Rule(
    "HF925",
    "one-server-lock-of-one-pod",
    "Tasks that are to run on one server run on each",
    Severity.HIGH,
    check,
    gotchas=("WRK-05",),
)
