r"""The session's lock is kept where other pods do not see it.

## What it checks

Requests of one session are to wait for each other (`session.block`, or `->block()` on a route),
the cache store of the lock (`session.block_store`, else the default one) belongs to one pod
(`file`, `array`, `apc`, a database on SQLite), and several pods answer.

## Why it matters

Two requests of a user that reach different pods both get the lock: nothing waits. Parallel
requests overwrite each other's changes of the session, as if there were no lock, and nobody
notices before a cart loses an item.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
```

```php config/cache.php
<?php
return ['default' => env('CACHE_STORE', 'file'), 'stores' => [
    'file' => ['driver' => 'file', 'path' => storage_path('framework/cache/data')],
    'redis' => ['driver' => 'redis'],
    'database' => ['driver' => 'database'],
]];
```

```php routes/web.php
<?php
use Illuminate\Support\Facades\Route;

Route::post('/cart', [CartController::class, 'add'])->block(5, 5);
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
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

```php routes/web.php
<?php
use Illuminate\Support\Facades\Route;

Route::post('/cart', [CartController::class, 'add'])->block(5, 5);
```

## How to fix

`'block_store' => 'redis'` in `config/session.php`, or `CACHE_STORE=redis`: a store that all pods
reach.

## Limits

A volume that all pods share and that holds the files of the cache is not looked for.

## References

- Illuminate/Session/Middleware/StartSession.php, Laravel 13.26.1: `handleRequestWhileBlocking`.
- Illuminate/Session/SessionManager.php, 13.26.1: `blockDriver`.
- Laravel 13 documentation, «HTTP Session», Session Blocking.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at
from holdfast.check.facts.lock_store import of_one_pod
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.code import code


def check(target: Target) -> Iterator[Finding]:
    """Web processes of several replicas whose session lock is their own."""
    for process in target.processes(Role.WEB):
        workload, settings = process.workload, process.settings
        if workload is None or not workload.scale.several:
            continue
        own = settings.text("session.block_store")
        store = own or settings.text("cache.default")
        if settings.known("session.block_store") is False or not store:
            continue
        asked = _asked(process)
        kept = of_one_pod(process, store) if asked else ""
        if not asked or not kept:
            continue
        scale = workload.scale
        yield Finding(
            settings.place("session.block_store" if own else "cache.default"),
            f"Parallel requests of a user of {workload.name} do not wait for each other: the"
            f" session's lock is in the cache store «{store}», {kept}, and {scale} answer.",
            "'block_store' => 'redis' in config/session.php",
            str(process),
            (asked, Related(scale.place, f"{scale}, says {scale.by}")),
        )


def _asked(process: Process) -> Related | None:
    """What asks for the lock."""
    if process.settings.scalar("session.block"):
        return Related(process.settings.place("session.block"), "all routes wait")
    app = process.app
    for call in app.directory.of(code).called("->block") if app.directory else ():
        if call.spot.file.startswith("routes/"):
            return Related(at(app, call.spot), "this route waits")
    return None


RULE = Rule(
    "HF902",
    "session-lock-of-one-pod",
    "The session's lock is kept where other pods do not see it",
    Severity.HIGH,
    check,
    gotchas=("CON-02",),
)
