r"""A probe opens a new session each time.

## What it checks

A liveness, readiness or startup probe of a web process asks by HTTP for a path that
`routes/web.php` answers, and sessions are kept in a store.

## Why it matters

The kubelet sends no cookie: each probe is a new visitor, and its session is kept for the whole
lifetime. Three pods that are asked every 5 seconds leave 50,000 sessions a day in the table or in
Redis, which have to be cleaned up, backed up and paid for; users' sessions are among them.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          livenessProbe:
            periodSeconds: 5
            httpGet: {path: /, port: 8080}
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: mysql}
```

```php routes/web.php
<?php
use Illuminate\Support\Facades\Route;

Route::get('/', fn () => view('home'));
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          livenessProbe:
            periodSeconds: 5
            httpGet: {path: /up, port: 8080}
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: mysql}
```

```php routes/web.php
<?php
use Illuminate\Support\Facades\Route;

Route::get('/', fn () => view('home'));
```

## How to fix

Ask for a path without a session: `/up`, by `health: '/up'` in `bootstrap/app.php` (Laravel 11 and
later), or a route with `->withoutMiddleware('web')`.

## Limits

Only literal paths of `routes/web.php` are known. A web server in the same pod may answer the path
itself.

## References

- Illuminate/Foundation/Configuration/ApplicationBuilder.php, Laravel 13.26.1: the health route is
  in no group.
- Illuminate/Session/Middleware/StartSession.php, 13.26.1: a session is saved after each request.
- Kubernetes v1.34, «Configure Liveness, Readiness and Startup Probes».
- laravel/framework issue 21170.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at, with_code
from holdfast.check.facts.health import sessionless_path
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import text, whole
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.directory import Directory
from holdfast.project.routes import session_route

_STORES = ("database", "redis", "memcached", "dynamodb", "file", "native")
_PROBES = ("livenessProbe", "readinessProbe")
_PERIOD = 10
"""Seconds between two probes where nothing is said (Probe v1 core)."""
_DAY = 86_400


def check(target: Target) -> Iterator[Finding]:
    """HTTP probes that are answered by a route with a session."""
    for app, directory in with_code(target):
        for process in app.processes:
            if process.role is Role.WEB and process.settings.text("session.driver") in _STORES:
                yield from _probes(process, directory)


def _probes(process: Process, directory: Directory) -> Iterator[Finding]:
    workload = process.workload
    for container in workload.containers if workload else ():
        for probe in _PROBES:
            path = text(container.get(probe, "httpGet", "path"))
            route = session_route(directory, path) if path else None
            if route is None or workload is None:
                continue
            period = whole(container.get(probe, "periodSeconds")) or _PERIOD
            pods = max(workload.scale.least or 1, 1)
            yield Finding(
                container.at(probe, "httpGet", "path"),
                f"This {probe} leaves about {_DAY // period * pods:,} sessions a day in the store:"
                f" «{path}» opens one each time it is asked.",
                sessionless_path(process),
                str(process),
                (Related(at(process.app, route.spot), "the route, in the group web"),),
            )


RULE = Rule(
    "HF606",
    "probe-opens-a-session",
    "A probe opens a new session each time",
    Severity.MEDIUM,
    check,
    gotchas=(
        "DB-06",
        "ROL-09",
    ),
)
