"""Sessions are in a database that is a file in the pod.

## What it checks

The session driver is `database`, the connection behind it is SQLite, and its file is in the
container or on a volume of one pod. Laravel 11 and later come with both as their defaults.

## Why it matters

«database» sounds shared, but this database is a file that each pod has for itself. With several
replicas users are logged out at random; with one, each deployment logs everybody out, and takes
all users and orders in that file along.

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
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: sqlite}
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
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: pgsql}
            - {name: DB_HOST, value: postgres}
```

## How to fix

`DB_CONNECTION=pgsql` or `mysql` with a server, or `SESSION_DRIVER=redis` with a Redis of its own.

## Limits

A file on a volume that may be shared or may outlive its pod is left alone; `--strict` speaks of
one whose place cannot be told.

## References

- laravel/laravel 11.x to 13.x, .env.example: `DB_CONNECTION=sqlite`, `SESSION_DRIVER=database`.
- laravel/framework 13.26.1, config/database.php: `database_path('database.sqlite')`.
- Illuminate/Session/DatabaseSessionHandler.php, 13.26.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import Kept, kept
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.values import Known

_STOCK_FILE = "database/database.sqlite"


def check(target: Target) -> Iterator[Finding]:
    """Web processes with sessions in an SQLite file of one pod."""
    for process in target.processes(Role.WEB):
        workload, container = process.workload, process.container
        if workload is None or container is None or not process.endless:
            continue
        if process.settings.text("session.driver") != "database" or process.sessionless:
            continue
        found = _sqlite(process)
        if found is None:
            continue
        path, place = found
        there = Kept(None) if path == ":memory:" else kept(container, path)
        several = workload.scale.several
        if there is None:
            continue
        if several and there.of_one_pod:
            what = f"Users of {workload.name} are logged out at random: sessions are in an SQLite"
            what += f" file of one pod, and {workload.scale} answer."
        elif there.dies_with_its_pod:
            what = f"Each new release and each restart of {workload.name} logs everybody out:"
            what += " sessions are in an SQLite file, and no volume keeps it."
        else:
            continue
        driver = process.settings.place("session.driver")
        yield Finding(
            place,
            what,
            "DB_CONNECTION=pgsql with a server, or SESSION_DRIVER=redis",
            str(process),
            (Related(driver, "the session driver"),) if driver.file else (),
        )


def _sqlite(process: Process) -> tuple[str, Place] | None:
    """The file of the sessions' database, and where SQLite is chosen; None where it is none."""
    settings = process.settings
    if settings.session is not None:
        connection = settings.session.database
        if connection is None:
            return None
        driver, file = connection.get("driver"), connection.get("database")
        if not isinstance(driver, Known) or driver.value != "sqlite":
            return None
        if not isinstance(file, Known) or not isinstance(file.value, str) or not settings.project:
            return None
        path = file.value.removeprefix(f"{settings.project.directory}/")
        return path, settings.place("database.default")
    env = settings.env
    if env is None or env.more or env.value("SESSION_CONNECTION") not in (None, "sqlite"):
        return None
    if settings.text("database.default") != "sqlite":
        return None
    named = env.get("DB_DATABASE")
    if named is not None and not named.value:
        return None
    return (named.value or "" if named else _STOCK_FILE), settings.place("database.default")


RULE = Rule(
    "HF109",
    "sessions-in-sqlite-of-one-pod",
    "Sessions are in a database that is a file in the pod",
    Severity.CRITICAL,
    check,
    gotchas=("STO-09",),
)
