"""Several pods migrate the database at the same time.

## What it checks

A workload of several replicas runs `php artisan migrate` without `--isolated` when a pod starts: in
its command, in an init container, in a `postStart` hook, or by `AUTORUN_ENABLED` of the images
serversideup/php.

## Why it matters

The first pods of a deployment start together, and so do those of a rollout that replaces several at
a time (25 % where nothing is said). All see that a migration is missing and all run it: one fails
at «table already exists» and does not start, and what was half done stays so. Where the table of
the sessions is among it, nobody can log in.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: shop}}
    spec:
      initContainers:
        - name: migrate
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, migrate, --force]
          envFrom: [{configMapRef: {name: shop}}]
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: mysql}
            - {name: DB_HOST, value: mysql}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data: {DB_CONNECTION: mysql, DB_HOST: mysql}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: database}
---
apiVersion: batch/v1
kind: Job
metadata: {name: migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, migrate, --force]
```

## How to fix

Run migrations in one Job before the rollout. `migrate --isolated` (Laravel 9.38 and later) with a
cache store that all pods share is the second best.

## Limits

Scripts of the image are not read here. A database in a file (SQLite) is each pod's own, and one
that cannot be told may be. A command with a condition in it (`if`, `case`) is left alone.

## References

- Laravel documentation, «Migrations», «Isolating migration execution».
- serversideup/php, «Laravel automations»: AUTORUN_LARAVEL_MIGRATION is true once AUTORUN_ENABLED
  is, AUTORUN_LARAVEL_MIGRATION_ISOLATION is not.
- Kubernetes documentation, «Deployments»: pods of a ReplicaSet are started together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.endpoints import told
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import items, text
from holdfast.check.kubernetes.workload import Container
from holdfast.check.place import Place
from holdfast.check.process import Process
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_MIGRATE: Final = re.compile(r"\bartisan['\"]?\s+['\"]?migrate(?![:\w-])[^;&|\n]*")
_CONDITION: Final = re.compile(r"(?:^|[\s;&|])(?:if|case|flock)\s|\[\[? ")
_YES: Final = ("true", "1", "yes", "on")


def check(target: Target) -> Iterator[Finding]:
    """Workloads of several pods, each of which migrates."""
    processes = {
        (id(process.workload.object), process.container.path): process
        for process in target.processes()
        if process.workload and process.container
    }
    for workload in target.workloads:
        if not workload.endless or not workload.scale.several:
            continue
        for container in (*workload.init_containers, *workload.containers):
            place = _command(container) or _automation(container)
            if place is None or not _shares_a_database(
                container, processes.get((id(workload.object), container.path))
            ):
                continue
            yield Finding(
                place,
                f"Pods of {workload} that start together, as the first ones do ({workload.scale}),"
                " run the migrations at the same time: one fails, and what was half done stays so.",
                "run php artisan migrate --force in one Job before the rollout",
                str(workload),
                (Related(workload.scale.place, f"{workload.scale}, says {workload.scale.by}"),),
            )


def _shares_a_database(container: Container, process: Process | None) -> bool:
    """Whether it surely migrates a database that the other pods migrate too: no file of its own."""
    names = ("DB_HOST", "DB_URL", "DATABASE_URL")
    if container.env.value("DB_CONNECTION") == "sqlite":
        return False
    if any(name in container.env for name in names):
        return True
    if process is None:
        return False
    name = told(process, "database.default")
    driver = told(process, f"database.connections.{name}.driver") if name else None
    return (driver or name) in ("mysql", "mariadb", "pgsql", "sqlsrv")


def _command(container: Container) -> Place | None:
    """What of its command or of its hook runs the migrations."""
    hook = ("lifecycle", "postStart", "exec", "command")
    started = (container.command, "command" if container.get("command") else "args")
    hooked = (tuple(map(text, items(container.body, *hook))), "lifecycle")
    for words, part in (started, hooked):
        line = " ".join(words)
        found = _MIGRATE.search(line)
        safe = ("--isolated", "--pretend", "--help")
        if found and not any(option in found[0] for option in safe):
            if _CONDITION.search(line):
                return None
            return container.at(part)
    return None


def _automation(container: Container) -> Place | None:
    """The variable by which its image runs them."""
    enabled = container.env.get("AUTORUN_ENABLED")
    if enabled is None or (enabled.value or "").lower() not in _YES or container.env.more:
        return None
    off = container.env.value("AUTORUN_LARAVEL_MIGRATION")
    alone = container.env.value("AUTORUN_LARAVEL_MIGRATION_ISOLATION")
    set_off = "AUTORUN_LARAVEL_MIGRATION" in container.env and (off or "").lower() not in _YES
    isolated = "AUTORUN_LARAVEL_MIGRATION_ISOLATION" in container.env and alone != "false"
    return None if set_off or isolated else enabled.place


RULE = Rule(
    "HF610",
    "migrations-in-every-pod",
    "Several pods migrate the database at the same time",
    Severity.HIGH,
    check,
    gotchas=("DB-10",),
)
