r"""The scheduler runs in every replica: each task is done as often as there are pods.

## What it checks

A workload that runs `artisan schedule:work` or `schedule:run`, as a container of its own or beside
the web server (by supervisord in the image, too), may have more than one replica, and no scheduled
task of the project is `onOneServer()`.

## Why it matters

Each pod has a clock of its own and runs every task: reminders go out three times, bills are sent
twice, two clean-ups fight for the same rows.

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
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}]
        - name: scheduler
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, schedule:work]
```

```php routes/console.php
<?php

use Illuminate\Support\Facades\Schedule;

Schedule::command('orders:remind')->daily();
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
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: scheduler}
spec:
  schedule: "* * * * *"
  concurrencyPolicy: Forbid
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: php
              image: registry.example.com/shop:1.4.2
              command: [php, artisan, schedule:run]
```

```php routes/console.php
<?php

use Illuminate\Support\Facades\Schedule;

Schedule::command('orders:remind')->daily();
```

## How to fix

A CronJob with `concurrencyPolicy: Forbid`, or a Deployment of its own with one replica and
`strategy: {type: Recreate}`. Or `->onOneServer()` on every task, with a cache that all pods share.

## Limits

Where one task is `onOneServer()` nothing is said. Without the project `--strict` alone speaks of
it.

## References

- Illuminate/Console/Scheduling/ScheduleWorkCommand.php and Event.php, `onOneServer`, Laravel
  13.26.1.
- Kubernetes documentation, «CronJob», concurrency policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.commands import at_start
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.workload import Container
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.code import Code, code
from holdfast.project.script import Call

_SCHEDULER: Final = re.compile(r"\bartisan\b[^;&|]*\bschedule:(?:work|run)\b")
_COMMANDS: Final = ("schedule:work", "schedule:run")
_TASKS: Final = ("->command", "->call", "Schedule::command", "Schedule::call")
_KERNEL: Final = "::schedule"


def check(target: Target) -> Iterator[Finding]:
    """Schedulers with several replicas."""
    in_image = _of_the_image(target)
    for process in target.processes(Role.SCHEDULER, Role.WEB):
        workload, container = process.workload, process.container
        if workload is None or container is None or not process.endless:
            continue
        place = _scheduler(process.role, container, in_image)
        tasks = _tasks(process)
        if place is None or not workload.scale.several or tasks == 0:
            continue
        scale = workload.scale
        yield Finding(
            place,
            f"Each scheduled task is done once in every pod of"
            f" {workload.name}: the scheduler runs in {container.name}, which has {scale}, and"
            + (" no task is onOneServer()." if tasks else " its tasks are not known."),
            "a CronJob with concurrencyPolicy: Forbid, or one replica of its own",
            str(process),
            (Related(scale.place, f"{scale}, says {scale.by}"),),
            unknown=tasks is None,
        )


def _scheduler(role: Role, container: Container, in_image: Place | None) -> Place | None:
    """Where a container is told to run the scheduler; None where it is not."""
    if role is Role.SCHEDULER and _SCHEDULER.search(" ".join(container.command)):
        return container.at("command" if container.get("command") else "args")
    return None if role is Role.SCHEDULER or container.command else in_image


def _of_the_image(target: Target) -> Place | None:
    """Where the images of the repository start it, if all that hold Laravel do."""
    images = [image for image in target.repository.images if image.is_laravel]
    calls = [
        call
        for call in at_start(target)
        if call.image and call.name in _COMMANDS and not call.conditional
    ]
    if not images or {id(image) for image in images} - {id(call.image) for call in calls}:
        return None
    return calls[0].place


def _tasks(process: Process) -> int | None:
    """How many tasks there are, 0 where one server may be chosen; None without the project."""
    if process.app.directory is None:
        return None
    found: Code = process.app.directory.of(code)
    if found.called("->onOneServer") or not found.complete or found.broken:
        return 0
    return len([call for call in found.called(*_TASKS) if _is_task(call)])


def _is_task(call: Call) -> bool:
    return call.name.startswith("Schedule::") or call.holder.endswith(_KERNEL)


RULE = Rule(
    "HF924",
    "scheduler-in-every-replica",
    "The scheduler runs in every replica: each task is done as often as there are pods",
    Severity.HIGH,
    check,
    gotchas=("WRK-04",),
)
