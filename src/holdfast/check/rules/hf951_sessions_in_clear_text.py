"""Sessions lie in the store in clear text.

## What it checks

The session driver of a web process is `redis`, `database`, `memcached` or `dynamodb`, and
`session.encrypt` is false, which is the default.

## Why it matters

Whoever can read the store or a backup of it reads who is logged in, what is in the cart, and what
users typed into forms that did not validate; whoever can write it becomes any user.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
            - {name: SESSION_ENCRYPT, value: "false"}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
            - {name: SESSION_ENCRYPT, value: "true"}
```

## How to fix

Set `SESSION_ENCRYPT=true` for all processes at once, at a time when nobody minds to log in anew:
what is stored in clear text then reads as an empty session.

## Limits

Without the project only a variable that says so is judged.

## References

- Illuminate/Session/EncryptedStore.php and SessionManager.php, `buildSession` (Laravel 8 to 13).
- laravel/laravel, config/session.php, 8.x to 12.x: `encrypt` is false.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.endpoints import written
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.values import Known

_STORES: Final = ("redis", "database", "memcached", "dynamodb")


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose sessions are not encrypted."""
    said: set[Place] = set()
    for process in target.processes(Role.WEB):
        driver = process.settings.text("session.driver")
        value = process.settings.get("session.encrypt")
        if driver not in _STORES or not isinstance(value, Known) or value.value not in (False, 0):
            continue
        place = written(process, "session.encrypt", "session.driver")
        if place in said:
            continue
        said.add(place)
        yield Finding(
            place,
            "Whoever reads the store of the sessions, or a backup of it, sees them in clear text"
            f" (driver «{driver}», not encrypted).",
            "SESSION_ENCRYPT=true, for all processes at once: it logs everyone out",
            str(process),
        )


RULE = Rule(
    "HF951",
    "sessions-in-clear-text",
    "Sessions lie in the store in clear text",
    Severity.MEDIUM,
    check,
    gotchas=("SEC-01",),
)
