"""Several pods run the migrations at the same time.

## What it checks

More than one pod of a workload may start at once, and each runs `artisan migrate` without
`--isolated`: by a container that runs first, by a hook, or by an image of serversideup with
`AUTORUN_ENABLED` whose migrations are not switched off and not isolated.

## Why it matters

Pods that start together run the same migration twice: one of them fails on a table or a column
that is there already and never becomes ready, or both change the same rows. Each later restart of
a pod runs migrations too, of whatever release it is.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      initContainers:
        - name: migrate
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, migrate, --force]
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
```

```yaml migrate.yaml
apiVersion: batch/v1
kind: Job
metadata: {name: shop-migrate}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
        - name: migrate
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, migrate, --force]
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
```

## How to fix

Run migrations once a release, by a Job that the rollout waits for (a Helm hook, a sync wave); in
the pods `AUTORUN_LARAVEL_MIGRATION=false`. Or `--isolated` (Laravel 9.38 and later) with a cache
store that all pods share.

## Limits

Scripts of images are not looked into here.

## References

- serversideup/docker-php, 2026-04-13: src/common/etc/entrypoint.d/50-laravel-automations.sh:
  `AUTORUN_LARAVEL_MIGRATION` is true by default, `AUTORUN_LARAVEL_MIGRATION_ISOLATION` false.
- Laravel 13 documentation, «Database: Migrations», Isolating Migration Execution.
- Kubernetes v1.34, «Init Containers»: they run in each pod.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import items, text
from holdfast.check.kubernetes.workload import Container, Workload
from holdfast.check.place import Place
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_MIGRATE: Final = re.compile(
    r"\bartisan\b[^;&|\n]*?\bmigrate(?::fresh|:refresh)?(?![\w:-])([^;&|\n]*)"
)
_ON: Final = ("true", "1")


def check(target: Target) -> Iterator[Finding]:
    """Workloads of several pods that migrate when they start."""
    for workload in target.workloads:
        if not workload.endless or not workload.scale.several or workload.kind == "StatefulSet":
            continue
        scale = workload.scale
        for place, how in _migrating(workload):
            yield Finding(
                place,
                f"{scale} of {workload.name} run the same migrations when they start ({how}): they"
                " fail on each other's tables, or change rows twice.",
                "migrate once a release, by a Job; or `migrate --force --isolated`",
                str(workload),
                (Related(scale.place, f"{scale}, says {scale.by}"),),
            )


def _migrating(workload: Workload) -> Iterator[tuple[Place, str]]:
    for container in (*workload.init_containers, *workload.containers):
        yield from _by_command(container)
        yield from _by_image(container)


def _by_command(container: Container) -> Iterator[tuple[Place, str]]:
    for parts in (("command",), ("args",), ("lifecycle", "postStart", "exec", "command")):
        words = [text(word) for word in items(container.body, *parts)]
        found = _MIGRATE.search(" ".join(words))
        if found and "--isolated" not in found[1] and "--pretend" not in found[1]:
            index = next((i for i, word in enumerate(words) if "migrate" in word), 0)
            yield container.at(*parts, index), f"«artisan migrate» in {container.name}"


def _by_image(container: Container) -> Iterator[tuple[Place, str]]:
    env = container.env
    asked, isolated = env.get("AUTORUN_ENABLED"), env.get("AUTORUN_LARAVEL_MIGRATION_ISOLATION")
    migrates = env.get("AUTORUN_LARAVEL_MIGRATION")
    if asked is None or (asked.value or "").lower() not in _ON or env.more:
        return
    if migrates is not None and (migrates.value is None or migrates.value.lower() not in _ON):
        return
    if isolated is None or (isolated.value or "true").lower() not in (*_ON, ""):
        yield asked.place, "AUTORUN_ENABLED of the image"


RULE = Rule(
    "HF610",
    "migrations-in-every-pod",
    "Several pods run the migrations at the same time",
    Severity.HIGH,
    check,
    gotchas=("DB-10",),
)
