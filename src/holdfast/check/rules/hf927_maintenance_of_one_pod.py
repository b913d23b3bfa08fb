"""Maintenance mode is switched on in one pod alone.

## What it checks

A Job, an init container or a hook runs `php artisan down`, and `app.maintenance.driver` is `file`,
as it is where nothing is said.

## Why it matters

`down` then writes a file into the file system of the pod that it runs in. The pods that answer
users do not have it: they go on, in the middle of the migration that was to run in peace.

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
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [sh, -c, "php artisan down && php artisan migrate --force && php artisan up"]
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
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: APP_MAINTENANCE_DRIVER, value: cache}
            - {name: APP_MAINTENANCE_STORE, value: redis}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [sh, -c, "php artisan down && php artisan migrate --force && php artisan up"]
          env:
            - {name: APP_MAINTENANCE_DRIVER, value: cache}
            - {name: APP_MAINTENANCE_STORE, value: redis}
```

## How to fix

`APP_MAINTENANCE_DRIVER=cache` and `APP_MAINTENANCE_STORE` with a store that all pods share, in all
of them.

## Limits

Only manifests are looked at, not what a pipeline runs with `kubectl exec`.

## References

- Illuminate/Foundation/MaintenanceModeManager.php, Laravel 13.26.1: the driver is `file` where
  nothing is said (before Laravel 9 there is no other); FileBasedMaintenanceMode.php.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.storage import kept
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.values import Known

_DOWN: Final = re.compile(r"\bartisan['\"]?\s+down\b(?![:.-])")
_FILE: Final = "storage/framework/down"
_LAST_WITHOUT_DEFAULTS: Final = 10
"""From Laravel 11 on the framework has a configuration of its own below the application's."""
_FILES_ALONE: Final = 8
"""From Laravel 9 on maintenance mode can be kept in a cache."""


def check(target: Target) -> Iterator[Finding]:
    """Commands that switch maintenance on where nobody sees it."""
    web = {id(p.workload) for p in target.processes(Role.WEB) if p.endless}
    for process in target.processes():
        container = process.container
        if container is None or not container.executes("down"):
            continue
        if not web - {id(process.workload)} or not _by_file(process):
            continue
        there = kept(container, _FILE)
        if there is None or not there.dies_with_its_pod:
            continue
        words = [*container.texts()]
        whole = " ".join(container.command)
        place = next((at for text, at in words if _DOWN.search(text)), None)
        if place is None and _DOWN.search(whole):
            place = container.at("command")
        if place is not None:
            yield Finding(
                place,
                f"Users go on while {process.workload} is at work: `artisan down` there writes a"
                " file into its own pod, and the pods that answer do not see it.",
                _hint(process),
                str(process),
            )


def _hint(process: Process) -> str:
    project = process.settings.project
    driver = process.settings.get("app.maintenance.driver")
    written = (
        isinstance(driver, Known)
        and not driver.source.uses
        and driver.source.places[0].startswith("config/")
    )
    if project is None or (project.release.major > _LAST_WITHOUT_DEFAULTS and not written):
        return "APP_MAINTENANCE_DRIVER=cache, APP_MAINTENANCE_STORE=redis, in all pods"
    if project.release.major > _FILES_ALONE:
        return "'maintenance' => ['driver' => 'cache', 'store' => 'redis'] in config/app.php"
    return f"answer 503 at the edge: Laravel {project.release.major} knows files alone"


def _by_file(process: Process) -> bool:
    """Whether maintenance mode is a file."""
    settings = process.settings
    driver = settings.get("app.maintenance.driver")
    if isinstance(driver, Known) and driver.value is not None:
        return driver.value == "file"
    if settings.project is not None and settings.project.release.major <= _LAST_WITHOUT_DEFAULTS:
        return isinstance(driver, Known)
    # The framework's own configuration asks the variable.
    env = settings.env
    if env is None or "APP_MAINTENANCE_DRIVER" in env:
        return env is not None and env.value("APP_MAINTENANCE_DRIVER") == "file"
    return not env.more


RULE = Rule(
    "HF927",
    "maintenance-of-one-pod",
    "Maintenance mode is switched on in one pod alone",
    Severity.MEDIUM,
    check,
    gotchas=("WRK-07",),
)
