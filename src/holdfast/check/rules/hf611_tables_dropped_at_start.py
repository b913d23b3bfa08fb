"""A container that starts drops the tables.

## What it checks

What starts a container runs `migrate:fresh`, `migrate:refresh`, `migrate:reset` or `db:wipe`, or
tells the images of serversideup to (`AUTORUN_LARAVEL_MIGRATION_MODE`).

## Why it matters

Each container that starts, by a rollout, a crash or a scale-up, drops the tables, the sessions and
the users with them, under the pods that run: everyone is logged out, and all data is gone.

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
          command: [sh, -c, "php artisan migrate:fresh --seed --force && exec php-fpm"]
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
          command: [php-fpm]
```

## How to fix

`migrate --force` in a Job that runs before the rollout.

## Limits

A command that runs under a condition is not judged; nor are Jobs, which are run on purpose.

## References

- Illuminate/Database/Console/Migrations/FreshCommand.php, Laravel 13.26.1: `db:wipe`, then
  `migrate`.
- serversideup/docker-php v4.3.5, src/common/etc/entrypoint.d/50-laravel-automations.sh.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import at_start
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_DROPS = frozenset(("migrate:fresh", "migrate:refresh", "migrate:reset", "db:wipe"))
_MODE = "AUTORUN_LARAVEL_MIGRATION_MODE"


def check(target: Target) -> Iterator[Finding]:
    """Starts that drop tables."""
    for call in at_start(target):
        if call.name not in _DROPS or call.conditional:
            continue
        if call.container is not None and not call.container.workload.endless:
            continue
        yield Finding(
            call.place,
            f"All sessions and all data are gone {call.when}: {call.name} drops the tables.",
            "migrate --force in a Job that runs before the rollout",
            call.subject,
        )
    for workload in target.workloads:
        for container in workload.containers:
            mode, enabled = container.env.get(_MODE), container.env.value("AUTORUN_ENABLED")
            if mode is None or mode.value not in {"fresh", "refresh"} or enabled != "true":
                continue
            if container.env.value("AUTORUN_LARAVEL_MIGRATION") != "false" and workload.endless:
                yield Finding(
                    mode.place,
                    f"All sessions and all data are gone whenever a container of {workload} starts:"
                    f" the image migrates in the mode «{mode.value}», which drops the tables.",
                    f"{_MODE}=default",
                    str(workload),
                )


RULE = Rule(
    "HF611",
    "tables-dropped-at-start",
    "A container that starts drops the tables",
    Severity.MEDIUM,
    check,
    gotchas=("DB-11",),
)
