"""APP_PREVIOUS_KEYS is set and this application does not read it.

## What it checks

`APP_PREVIOUS_KEYS` has a value in the environment of a process whose Laravel is older than 11, or
whose `app.previous_keys` is not made of that variable.

## Why it matters

The variable is set so that cookies and sessions that were encrypted with the old key can still be
read after `APP_KEY` has changed. Nothing reads it: at the rotation everybody is logged out, and
encrypted columns cannot be read any more.

## Bad

```json composer.json
{"require": {"laravel/framework": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v10.48.29"}
]}
```

```php config/app.php
<?php
return ['key' => env('APP_KEY'), 'cipher' => 'AES-256-CBC'];
```

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
            - name: APP_PREVIOUS_KEYS
              valueFrom: {secretKeyRef: {name: shop, key: APP_PREVIOUS_KEYS}}
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData:
  APP_KEY: base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
  APP_PREVIOUS_KEYS: base64:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=
```

## Good

```json composer.json
{"require": {"laravel/framework": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v11.44.0"}
]}
```

```php config/app.php
<?php
return ['key' => env('APP_KEY'), 'cipher' => 'AES-256-CBC'];
```

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
            - name: APP_PREVIOUS_KEYS
              valueFrom: {secretKeyRef: {name: shop, key: APP_PREVIOUS_KEYS}}
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData:
  APP_KEY: base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
  APP_PREVIOUS_KEYS: base64:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=
```

## How to fix

Up to Laravel 10 a key cannot be rotated without a logout: keep `APP_KEY`, or move to Laravel 11
first. From 11 on `'previous_keys' => array_filter(explode(',', env('APP_PREVIOUS_KEYS', '')))` in
`config/app.php`.

## Limits

An encrypter of the application's own is not seen.

## References

- Illuminate/Encryption/EncryptionServiceProvider.php: `previousKeys` in Laravel 11 and later; 8.x,
  9.x and 10.x have no such call.
- Illuminate/Foundation/Bootstrap/LoadConfiguration.php, 13.26.1: the framework's own
  `config/app.php`, which reads the variable, is merged below the application's unless that is
  switched off.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.values import Array, Known, Unknown

_NAME = "APP_PREVIOUS_KEYS"


def check(target: Target) -> Iterator[Finding]:
    """Processes with a variable that their Laravel does not read, each place once."""
    seen: set[Place] = set()
    for process in target.processes():
        project = process.settings.project
        found = project.environment.raw(_NAME) if project else None
        if project is None or found is None or isinstance(found, Unknown) or not found[0]:
            continue
        place = process.settings.spot(found[1].place)
        old = project.release.major < 11
        if place in seen or not (old or _ignored(process)):
            continue
        seen.add(place)
        why = (
            f"Laravel {project.release} has no previous keys"
            if old
            else "app.previous_keys is not made of it"
        )
        yield Finding(
            place,
            f"The next change of APP_KEY logs out all users of {process.app.name}: {_NAME} is set,"
            f" and {why}.",
            "keep APP_KEY until the application runs on Laravel 11"
            if old
            else "'previous_keys' => array_filter(explode(',', env('APP_PREVIOUS_KEYS', '')))",
            str(process),
        )


def _ignored(process: Process) -> bool:
    """Whether the keys that the application tries are surely not those of the variable."""
    value = process.settings.get("app.previous_keys")
    if not isinstance(value, Known):
        return False
    if not isinstance(value.value, Array):
        return value.value is None
    return not value.value.items and value.value.rest is None


RULE = Rule(
    "HF206",
    "previous-keys-without-effect",
    "APP_PREVIOUS_KEYS is set and this application does not read it",
    Severity.HIGH,
    check,
    gotchas=("KEY-06",),
)
