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

A call that may be left out (`if`, `case`) is left alone. A database in a file (SQLite) is each
pod's own, and one that cannot be told may be.

## References

- Laravel documentation, «Migrations», «Isolating migration execution».
- serversideup/php, «Laravel automations»: AUTORUN_LARAVEL_MIGRATION is true once AUTORUN_ENABLED
  is, AUTORUN_LARAVEL_MIGRATION_ISOLATION is not.
- Kubernetes documentation, «Deployments»: pods of a ReplicaSet are started together.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.commands import Call, at_start
from holdfast.check.facts.endpoints import told
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import get, whole
from holdfast.check.kubernetes.workload import Container, Path, Workload
from holdfast.check.process import Process
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_YES: Final = ("true", "1", "yes", "on")
_SAFE: Final = ("--isolated", "--pretend", "--help")
_SERVERS: Final = ("mysql", "mariadb", "pgsql", "sqlsrv")


def check(target: Target) -> Iterator[Finding]:
    """Workloads of several pods, each of which migrates."""
    by_command, by_image = _migrating(target)
    said: set[int] = set()
    for process in target.processes():
        workload, container = process.workload, process.container
        if workload is None or container is None or id(workload.object) in said:
            continue
        if not workload.endless or not workload.scale.several or not _server(process):
            continue
        if _one_by_one(workload):
            continue
        place = by_command.get((id(workload.object), container.path))
        if place is None and not container.command:
            place = by_image or _by_variable(container)
        if place is None:
            continue
        said.add(id(workload.object))
        yield Finding(
            place,
            f"Pods of {workload} that start together, as the first ones do ({workload.scale}),"
            " run the migrations at the same time: one fails, and what was half done stays so.",
            "run php artisan migrate --force in one Job before the rollout",
            str(workload),
            (Related(workload.scale.place, f"{workload.scale}, says {workload.scale.by}"),),
        )


def _one_by_one(workload: Workload) -> bool:
    """Whether a single pod is there first, and rollouts add pods one at a time."""
    first = max(whole(workload.object.get("spec", "replicas")) or 1, workload.scale.least or 1)
    rolling = workload.object.get("spec", "strategy", "rollingUpdate")
    surge, unavailable = (whole(get(rolling, n)) for n in ("maxSurge", "maxUnavailable"))
    if surge is None or unavailable is None:
        return False
    return first == 1 and surge + unavailable == 1


def _server(process: Process) -> bool:
    """Whether it surely migrates a database that the other pods migrate too: no file of its own."""
    env = process.container.env if process.container else None
    if env is None or env.value("DB_CONNECTION") == "sqlite":
        return False
    if any(name in env for name in ("DB_HOST", "DB_URL", "DATABASE_URL")):
        return True
    name = told(process, "database.default")
    driver = told(process, f"database.connections.{name}.driver") if name else None
    return (driver or name) in _SERVERS


def _migrating(target: Target) -> tuple[dict[tuple[int, Path], Place], Place | None]:
    """Where containers migrate, and where the one image does that they run as it is."""
    laravel = [image for image in target.repository.images if image.is_laravel]
    containers: dict[tuple[int, Path], Place] = {}
    built: Place | None = None
    for call in at_start(target):
        if not _migrates(call):
            continue
        if call.container is not None:
            owner = id(call.container.workload.object)
            containers.setdefault((owner, call.container.path), call.place)
        elif laravel == [call.image]:
            built = built or call.place
    return containers, built


def _migrates(call: Call) -> bool:
    return (
        call.name == "migrate"
        and not call.conditional
        and not any(call.artisan.has(option) for option in _SAFE)
    )


def _by_variable(container: Container) -> Place | None:
    """The variable by which the images serversideup/php run them."""
    enabled = container.env.get("AUTORUN_ENABLED")
    if enabled is None or (enabled.value or "").lower() not in _YES or container.env.more:
        return None
    migrates = container.env.get("AUTORUN_LARAVEL_MIGRATION")
    isolated = container.env.get("AUTORUN_LARAVEL_MIGRATION_ISOLATION")
    if migrates and (migrates.value or "").lower() not in _YES:
        return None
    return None if isolated and isolated.value != "false" else enabled.place


RULE = Rule(
    "HF610",
    "migrations-in-every-pod",
    "Several pods migrate the database at the same time",
    Severity.HIGH,
    check,
    gotchas=("DB-10",),
)
