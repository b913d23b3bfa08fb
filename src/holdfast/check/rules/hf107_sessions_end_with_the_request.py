"""Sessions live for one request only.

## What it checks

The session driver of a web process is `array`, or `null` as a text, and the application uses
sessions: its code calls `session()`, or `routes/web.php` has pages that open one.

## Why it matters

These drivers are for tests: what is put into the session is gone when the answer is sent. Nobody
can log in, every form answers 419, carts stay empty. It comes about when the variables of
`phpunit.xml` or of `.env.testing` are copied to a ConfigMap.

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
            - {name: SESSION_DRIVER, value: array}
```

```php routes/web.php
<?php
Route::get('/', fn () => view('home'));
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
```

```php routes/web.php
<?php
Route::get('/', fn () => view('home'));
```

## How to fix

Say which store keeps sessions: `SESSION_DRIVER=redis`, or `database`.

## Limits

An application that answers an API alone may want no sessions: where its code is not known, only
`--strict` says something.

## References

- Illuminate/Session/SessionManager.php, Laravel 13.26.1: `createArrayDriver`, `createNullDriver`.
- Illuminate/Session/ArraySessionHandler.php, 13.26.1: the attributes are in a variable of the
  process; a new handler is made for each request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.code import files
from holdfast.project.directory import Directory
from holdfast.project.routes import WEB, routes

_SESSION: Final = re.compile(rb"\bsession\(|\bSession::")


def check(target: Target) -> Iterator[Finding]:
    """Web processes with a session driver that keeps nothing."""
    for process in target.processes(Role.WEB):
        driver = process.settings.text("session.driver")
        if driver not in ("array", "null") or process.settings.text("app.env") == "testing":
            continue
        used = _uses_sessions(process)
        if used is False:
            continue
        message = (
            f"Nobody can log in to {process.app.name}: session.driver is «{driver}», which forgets"
            " each session when the answer is sent."
        )
        yield Finding(
            process.settings.place("session.driver"),
            message if used else f"{message} Whether it uses sessions is not known.",
            "give session.driver a store that keeps them: redis or database",
            str(process),
            unknown=used is None,
        )


def _uses_sessions(process: Process) -> bool | None:
    """Whether the application's code or routes use sessions; None where that cannot be told."""
    directory = process.app.directory
    if directory is None:
        return None
    if directory.of(_named):
        return True
    found = directory.of(routes)
    if not isinstance(found, tuple) or directory.tree(WEB) is None:
        return None
    return any(route.session for route in found)


def _named(directory: Directory) -> bool:
    """Whether the application's own code has the word for it."""
    return any(directory.has(name, _SESSION) for name in directory.of(files))


RULE = Rule(
    "HF107",
    "sessions-end-with-the-request",
    "Sessions live for one request only",
    Severity.CRITICAL,
    check,
    gotchas=("STO-07",),
)
