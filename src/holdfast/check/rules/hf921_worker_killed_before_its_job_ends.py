"""A worker's pod is killed before its longest job may end.

## What it checks

The seconds that a job may take (`--timeout` of `queue:work`, 60 where nothing is said; the longest
`timeout` of Horizon's supervisors) and those of the `preStop` hook, against
`terminationGracePeriodSeconds`, 30 where nothing is said.

## Why it matters

At each rollout and scale-down a worker is told to stop, and ends the job that it is at. When the
grace period is over it is killed in the middle: half a job is done, and after `retry_after`
another worker does it again. Mails go out twice, exports never end.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-worker}
spec:
  template:
    metadata: {labels: {app: shop-worker}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, queue:work, --timeout=120]
          env: [{name: QUEUE_CONNECTION, value: redis}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-worker}
spec:
  template:
    metadata: {labels: {app: shop-worker}}
    spec:
      terminationGracePeriodSeconds: 135
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, queue:work, --timeout=120]
          env: [{name: QUEUE_CONNECTION, value: redis}]
```

## How to fix

`terminationGracePeriodSeconds`: the timeout, and the preStop hook, and some seconds to leave.

## Limits

A `$timeout` that a job class sets for itself is not looked at; `--timeout=0`, no limit, is left
alone. Horizon's timeouts need the project.

## References

- Illuminate/Queue/Console/WorkCommand.php, Laravel 13.26.1: `--timeout=60`; Worker.php: SIGTERM
  and SIGQUIT let the job end.
- Kubernetes documentation, «Pod Lifecycle», termination of pods: 30 seconds, then SIGKILL.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.edits import set_to
from holdfast.check.facts.traffic import GRACE, pre_stop
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.values import Array, Known, Value

_QUEUE: Final = re.compile(
    r"\bartisan\b.*?\bqueue:(?:work|listen)\b(?P<options>[^;&|]*)", re.DOTALL
)
_HORIZON: Final = re.compile(r"\bartisan\b.*\bhorizon(?![\w:-])", re.DOTALL)
_TIMEOUT: Final = re.compile(r"--timeout[= ]([0-9]{1,9})\b")
_STOCK_SECONDS: Final = 60


def check(target: Target) -> Iterator[Finding]:
    """Workers whose jobs may take longer than their pods are given."""
    for process in target.processes(Role.WORKER):
        workload, container = process.workload, process.container
        if workload is None or container is None or not process.endless:
            continue
        found = _longest(process)
        if found is None:
            continue
        seconds, source, place = found
        hook = pre_stop(container)
        waits = hook.seconds if hook else 0
        grace = workload.grace_seconds
        if not seconds or waits + seconds <= grace:
            continue
        left = max(grace - waits, 0)
        yield Finding(
            workload.at(GRACE),
            f"A job of {workload.name} that takes more than {left} s is killed half-way at each"
            f" rollout, and run again: it may take {seconds} s ({source}), its pod has {grace} s to"
            f" stop{f', {waits} s of them for its preStop hook' if waits else ''}.",
            f"terminationGracePeriodSeconds: {waits + seconds + 15}",
            str(process),
            (Related(place, f"{seconds} s: {source}"),) if place else (),
            set_to(workload.object, target.files, f"{waits + seconds + 15}", *workload.pod, GRACE),
        )


def _longest(process: Process) -> tuple[int, str, Place | None] | None:
    """Seconds of the longest job, who says so, and where."""
    assert process.container is not None
    command = " ".join(process.container.command)
    at = process.container.at("command" if process.container.get("command") else "args")
    if found := _QUEUE.search(command):
        said = _TIMEOUT.search(found["options"])
        if said:
            return int(said[1]), "--timeout", at
        return _STOCK_SECONDS, "the default of queue:work", at
    if not _HORIZON.search(command):
        return None
    name = process.settings.text("app.env")
    groups = ["horizon.defaults", *([f"horizon.environments.{name}"] if name else [])]
    timeouts = [t for group in groups for t in _timeouts(process.settings.get(group))]
    if not timeouts:
        return None
    return max(timeouts), "config/horizon.php", None


def _timeouts(value: Value) -> Iterator[int]:
    if isinstance(value, Known) and isinstance(value.value, Array):
        for supervisor in value.value.items.values():
            if isinstance(supervisor, Known) and isinstance(supervisor.value, Array):
                found = supervisor.value.get("timeout")
                if isinstance(found, Known) and isinstance(found.value, int):
                    yield found.value


RULE = Rule(
    "HF921",
    "worker-killed-before-its-job-ends",
    "A worker's pod is killed before its longest job may end",
    Severity.HIGH,
    check,
    gotchas=("WRK-01",),
    fixable=True,
)
