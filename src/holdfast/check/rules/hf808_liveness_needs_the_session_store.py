r"""A blip of the session store restarts all web pods.

## What it checks

The `livenessProbe` of a web workload asks a path of `routes/web.php` that opens a session, and the
sessions are in Redis, a database, Memcached or DynamoDB.

## Why it matters

While the store is away such a page answers 500. After some failures the kubelet restarts the
container, in all pods at the same time: a hiccup of seconds becomes an outage of a minute,
requests that need no session fail too, and the store meets all connections at once when it comes
back.

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
          env: [{name: SESSION_DRIVER, value: redis}]
          livenessProbe: {httpGet: {path: /, port: 8080}}
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
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}]
          livenessProbe: {httpGet: {path: /up, port: 8080}}
```

```php routes/web.php
<?php

use Illuminate\Support\Facades\Route;

Route::get('/', fn () => view('home'));
```

## How to fix

`path: /up` in the probe: Laravel's own health route, from 11 on where `bootstrap/app.php` has
`health: '/up'`, starts no session. Before, a route without the `web` group.

## Limits

Only routes that the file names literally are known. A path that the web server answers itself, by
a `location` in a mounted ConfigMap, is left alone.

## References

- Illuminate/Session/Middleware/StartSession.php, Laravel 13.26.1; with the store away every page
  with a session answers 500 (measured with Laravel 8.83 and Redis 7.0).
- Kubernetes documentation, «Pod Lifecycle», types of probe: a failed liveness probe kills the
  container.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.health import sessionless_path
from holdfast.check.facts.traffic import mounted
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import text, whole
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.routes import Route, session_route

_STORES: Final = ("redis", "database", "memcached", "dynamodb")


def check(target: Target) -> Iterator[Finding]:
    """Liveness probes that need the session store."""
    for process in target.processes(Role.WEB):
        workload = process.workload
        driver = process.settings.text("session.driver")
        if workload is None or driver not in _STORES:
            continue
        for container in workload.containers:
            probe = container.get("livenessProbe", "httpGet")
            if not isinstance(probe, dict):
                continue
            path = text(probe.get("path")) or "/"
            route = _with_session(process, path)
            if route is None or _answered_before(workload, path):
                continue
            seconds = (whole(container.get("livenessProbe", "periodSeconds")) or 10) * (
                whole(container.get("livenessProbe", "failureThreshold")) or 3
            )
            spot = route.spot
            yield Finding(
                container.at("livenessProbe", "httpGet", "path"),
                f"All pods of {workload.name} are restarted when {driver} is away for {seconds} s:"
                f" their liveness probe asks {path}, which opens a session in it.",
                sessionless_path(process),
                str(process),
                (
                    Related(
                        Place(process.app.prefix + spot.file, spot.line, spot.column),
                        f"{path} is a route with a session",
                    ),
                ),
            )


def _with_session(process: Process, path: str) -> Route | None:
    """The route that answers a path and opens a session; None where none surely does."""
    if process.app.directory is None:
        return None
    return session_route(process.app.directory, path)


def _answered_before(workload: Workload, path: str) -> bool:
    """Whether a web server's configuration has a location of its own for a path."""
    location = re.compile(rf"location\s+(?:=\s*|\^~\s*)?{re.escape(path)}\s*\{{")
    return path != "/" and any(location.search(one.value or "") for one in mounted(workload))


RULE = Rule(
    "HF808",
    "liveness-needs-the-session-store",
    "A blip of the session store restarts all web pods",
    Severity.HIGH,
    check,
    gotchas=("ROL-08",),
)
