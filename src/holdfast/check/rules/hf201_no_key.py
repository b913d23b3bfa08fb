"""An application has no key.

## What it checks

A Laravel container is given no `APP_KEY`: its environment is known whole, no `.env` is mounted, the
configuration asks for the variable, and the image that the repository builds brings no `.env` and
makes no key.

## Why it matters

Each request that sets a cookie answers 500 («No application encryption key has been specified»):
nobody can log in.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_ENV, value: production}
            - {name: SESSION_DRIVER, value: redis}
```
```php config/app.php
<?php
return ['key' => env('APP_KEY'), 'cipher' => 'AES-256-CBC'];
```
```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_ENV, value: production}
            - {name: SESSION_DRIVER, value: redis}
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
```
```php config/app.php
<?php
return ['key' => env('APP_KEY'), 'cipher' => 'AES-256-CBC'];
```
```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
```

## How to fix

Make one key, `php artisan key:generate --show`, put it into a Secret, and give it to every
workload of the application as `APP_KEY`.

## Limits

Without a Dockerfile the image may bring a key: then only `--strict` says so. An image is taken as
it is built from what lies here: beside a `.env` that Git ignores, `COPY . .` brings it along, and
a check of a fresh clone does not see that.

## References

- Illuminate/Encryption/EncryptionServiceProvider.php, Laravel 8.83.27 and 13.26.1: an empty key
  throws MissingAppKeyException.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.commands import at_build, at_start
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.values import Known

_SCRIPT: Final = re.compile(r"\.sh$|entrypoint[^/]*$|/(?:start|run|init|boot)[^/.]*$")
_SETS: Final = re.compile(r"^\s*(?:export\s+)?APP_KEY=|putenv\(.APP_KEY=", re.MULTILINE)


def check(target: Target) -> Iterator[Finding]:
    """Containers without a key."""
    made = _given_by_a_script(target) or any(
        call.name == "key:generate" for call in (*at_start(target), *at_build(target))
    )
    for process in target.processes(Role.WEB, Role.WORKER):
        if made or not _lacks_key(process):
            continue
        assert process.container is not None
        yield Finding(
            process.container.at("env"),
            f"Every request that sets a cookie to {process.workload} answers 500: the container is"
            " given no APP_KEY.",
            "make one key (php artisan key:generate --show), keep it in a Secret, give it to every"
            " workload as APP_KEY",
            str(process),
            unknown=not _images_bring_none(target),
        )


def _lacks_key(process: Process) -> bool:
    container = process.container
    if container is None or "APP_KEY" in container.env or _mounts_dotenv(process):
        return False
    found = process.settings.get("app.key")
    return isinstance(found, Known) and found.value in (None, "")


def _given_by_a_script(target: Target) -> bool:
    """Whether a script of an image sets it, of another variable or a file."""
    scripts = (
        file.text(image.tree)
        for image in target.repository.images
        for path, file in image.files.items()
        if _SCRIPT.search(path)
    )
    return any(script is not None and _SETS.search(script.string) for script in scripts)


def _mounts_dotenv(process: Process) -> bool:
    """Whether anything is mounted that may hold, or be, the application's ``.env``."""
    container = process.container
    return container is not None and any(
        mount.path.endswith("/.env") or mount.volume.kind in ("configMap", "secret", "csi")
        for mount in container.mounts()
    )


def _images_bring_none(target: Target) -> bool:
    images = [image for image in target.repository.images if image.is_laravel]
    return bool(images) and all(
        image.dotenv is None
        and image.context is not None
        and image.start.complete
        and "APP_KEY" not in image.final.env
        for image in images
    )


RULE = Rule(
    "HF201", "no-key", "An application has no key", Severity.CRITICAL, check, gotchas=("KEY-01",)
)
