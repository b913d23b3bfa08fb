"""Requests are cut when a pod stops: it has less time than they may take.

## What it checks

`terminationGracePeriodSeconds` (30 where nothing is said) against the seconds of the `preStop`
hook and, behind it, the longest request that the configuration lets through:
`request_terminate_timeout` of php-fpm or `fastcgi_read_timeout` of nginx in a ConfigMap that the
pod mounts, else the read timeout of an Ingress, or what Octane lets a request take if that is
less. Where nothing of that is said, less than 5 seconds are too few.

## Why it matters

The hook's seconds count. When the grace period is over the containers are killed, whatever they
are at. A request that ends there is answered with an error, and what it would have written to the
session is lost: with a hook as long as the grace period, that is every request at every rollout.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
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
          lifecycle: {preStop: {sleep: {seconds: 30}}}
```

## Good

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      terminationGracePeriodSeconds: 75
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}]
          lifecycle: {preStop: {sleep: {seconds: 10}}}
```

## How to fix

`terminationGracePeriodSeconds`: the hook, and the longest request, and five seconds.

## Limits

A hook that is longer than the longest request is taken to wait for it: edges stop sending within
its first seconds. A timeout above ten minutes is one for WebSockets, uploads or debuggers, and is
not taken for the length of a request. Limits inside an image are another rule's.

## References

- Kubernetes documentation, «Pod Lifecycle», termination of pods: the hook runs within the grace
  period; where it does not end in time, two seconds are added, once.
- PHP manual, php-fpm: request_terminate_timeout. nginx, ngx_http_fastcgi_module:
  fastcgi_read_timeout.
- ingress-nginx 1.13, annotations: proxy-read-timeout.
- laravel/octane 2.x, Commands/StartRoadRunnerCommand.php and StartFrankenPhpCommand.php: both take
  octane.max_execution_time, 30 seconds in the file that is published.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.edits import set_to
from holdfast.check.facts.traffic import GRACE, mounted, pre_stop, recreates, web_workloads
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_TIMEOUTS: Final = re.compile(
    r"^[ \t]*(?P<name>request_terminate_timeout|fastcgi_read_timeout)[ \t]*=?[ \t]*"
    r"(?P<number>[0-9]{1,6})(?P<unit>[smh]?)[ \t]*;?[ \t]*$",
    re.MULTILINE,
)
_UNITS: Final = {"": 1, "s": 1, "m": 60, "h": 3600}
_ANNOTATION: Final = "nginx.ingress.kubernetes.io/proxy-read-timeout"
_LONGEST_REQUEST: Final = 600
_SHORT: Final = 5
"""Seconds that some request of any application takes."""


def check(target: Target) -> Iterator[Finding]:
    """Web workloads with too little time to stop."""
    for workload in web_workloads(target):
        hooks = [(hook.seconds, c) for c in workload.containers if (hook := pre_stop(c))]
        waits, container = max(hooks, key=lambda pair: pair[0], default=(0, None))
        grace = workload.grace_seconds
        if container is not None and waits >= grace:
            yield Finding(
                container.at("lifecycle", "preStop"),
                f"Every request that is under way when a pod of {workload.name} stops is cut: the"
                f" preStop hook takes {waits} s, and the pod is killed after {grace} s.",
                f"terminationGracePeriodSeconds: {waits + 65}",
                str(workload),
                (Related(workload.at(GRACE), f"{grace} s to stop"),),
                set_to(workload.object, target.files, f"{waits + 65}", *workload.pod, GRACE),
            )
            continue
        limit = _limit(target, workload)
        if limit is None and grace - waits < _SHORT and not recreates(workload):
            yield Finding(
                workload.at("terminationGracePeriodSeconds"),
                f"Requests of more than {grace - waits} s are cut when a pod of {workload.name}"
                f" stops: it is killed after {grace} s.",
                "terminationGracePeriodSeconds: 60",
                str(workload),
            )
        if limit is None or recreates(workload) or waits + limit[0] <= grace:
            continue
        seconds, name, place = limit
        if waits >= seconds:
            continue  # the hook itself lasts until what came in its first seconds has ended
        before = f" after a preStop hook of {waits} s" if waits else ""
        yield Finding(
            workload.at(GRACE),
            f"Requests of more than {grace - waits} s are cut when a pod of {workload.name} stops:"
            f" {name} lets them take {seconds} s, and the pod has {grace} s{before}.",
            f"terminationGracePeriodSeconds: {waits + seconds + 5}",
            str(workload),
            (Related(place, f"{name}: {seconds} s"),),
            set_to(workload.object, target.files, f"{waits + seconds + 5}", *workload.pod, GRACE),
        )


def _limit(target: Target, workload: Workload) -> tuple[int, str, Place] | None:
    """Seconds of the longest request, what says so, and where; None where nothing does."""
    found = [limit for limit in _of_files(workload) if 0 < limit[0] <= _LONGEST_REQUEST]
    if found:
        return min(found, key=lambda limit: limit[0])
    octane = _of_octane(target, workload)
    for route in target.routes_to(workload):
        said = route.object.annotations.get(_ANNOTATION, "")
        if re.fullmatch("[0-9]{1,6}", said) and 0 < int(said) <= _LONGEST_REQUEST:
            at = route.object.at("metadata", "annotations", _ANNOTATION)
            limit = int(said), "proxy-read-timeout", at
            return min(limit, octane or limit, key=lambda one: one[0])
    return None


def _of_octane(target: Target, workload: Workload) -> tuple[int, str, Place] | None:
    """What Octane lets a request take, if the application has it: RoadRunner, Swoole and FrankenPHP
    are told it alike.
    """
    name = "octane.max_execution_time"
    for process in target.processes_of(workload):
        seconds = process.settings.scalar(name)
        if isinstance(seconds, int) and seconds > 0:
            return seconds, name, process.settings.place(name)
    return None


def _of_files(workload: Workload) -> Iterator[tuple[int, str, Place]]:
    """The limits in the files that its containers mount."""
    for variable in mounted(workload):
        for match in _TIMEOUTS.finditer(variable.value or ""):
            seconds = int(match["number"]) * _UNITS[match["unit"]]
            yield seconds, match["name"], variable.place


RULE = Rule(
    "HF805",
    "grace-shorter-than-requests",
    "Requests are cut when a pod stops: it has less time than they may take",
    Severity.HIGH,
    check,
    gotchas=("ROL-05",),
    fixable=True,
)
