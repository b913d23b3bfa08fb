"""The session cookie has a name that PHP does not give back.

## What it checks

The name of the session cookie has a dot, a blank, `[` or one of `=,;` in it. Laravel 13 makes it
of `APP_NAME` with `Str::snake`, which keeps dots and brackets.

## Why it matters

PHP turns dots, blanks and `[` in the names of incoming cookies into underscores. Laravel sets a
cookie `my.shop_session`, and looks in vain for it in the next request: each request starts a new
session, nobody can log in, every form answers 419.

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
          env: [{name: SESSION_DRIVER, value: redis}, {name: SESSION_COOKIE, value: shop.session}]
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
          env: [{name: SESSION_DRIVER, value: redis}, {name: SESSION_COOKIE, value: shop_session}]
```

## How to fix

`SESSION_COOKIE` with letters, digits, `-` and `_`.

## Limits

None.

## References

- PHP manual, «Variables From External Sources»: dots and spaces in names become underscores;
  measured with PHP 8.2: `.`, blank and `[`. Laravel 8.83 sets a cookie `a.b` as it is.
- Symfony HttpFoundation 5.4, Cookie.php: `=,;` and blanks in a name are sent encoded, and PHP does
  not decode names.
- laravel/framework issues 56449 and 59344: what users see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_CHANGED: Final = re.compile(r"[.\[=,;\s]")


def check(target: Target) -> Iterator[Finding]:
    """Cookies that do not come back, each place once."""
    seen: set[Place] = set()
    for process in target.processes(Role.WEB):
        name = _cookie(process)
        place = process.settings.place("session.cookie")
        if not _CHANGED.search(name) or place in seen:
            continue
        seen.add(place)
        yield Finding(
            place,
            f"Nobody can log in at {process.name}: the session cookie is called «{name}», and"
            " PHP gives it back by another name.",
            f"SESSION_COOKIE: {_CHANGED.sub('_', name)}",
            str(process),
        )


def _cookie(process: Process) -> str:
    """Its name; empty where it cannot be told."""
    session = process.settings.session
    if session is None:
        return process.settings.text("session.cookie")
    return next((str(row.value) for row in session.rows if row.name == "cookie"), "")


RULE = Rule(
    "HF308",
    "cookie-name-php-changes",
    "The session cookie has a name that PHP does not give back",
    Severity.HIGH,
    check,
    gotchas=("CFG-08",),
)
