"""Readiness proves nothing: pods get requests that Laravel cannot answer.

## What it checks

No container of a pod to which a Service sends has a readiness or startup probe that asks Laravel:
there is none, or it only opens the port, or it runs a command that always succeeds (`php -v`).

## Why it matters

Kubernetes takes a pod without a proof for ready as soon as its processes run. At each rollout
requests arrive before the application answers; and a release that answers 500 to everybody, for
want of a key or of a migration, counts as good: the rollout goes on and takes every pod that
worked.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
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
          ports: [{containerPort: 8080}]
          env: [{name: SESSION_DRIVER, value: redis}]
          readinessProbe: {tcpSocket: {port: 8080}}
```

## Good

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80, targetPort: 8080}]}
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
          ports: [{containerPort: 8080}]
          env: [{name: SESSION_DRIVER, value: redis}]
          readinessProbe: {httpGet: {path: /up, port: 8080}}
```

## How to fix

`readinessProbe: {httpGet: {path: /up, port: 8080}}` at the container of the web server, with its
port, so that it goes through to PHP. `/up` is Laravel's own from 11 on, where `bootstrap/app.php`
has `health: '/up'`; it starts no session and answers 500 where the application cannot boot. A pod
of php-fpm alone answers no HTTP: `exec` a script there that asks `index.php` by FastCGI.

## Limits

A workload to which no Service among the manifests sends is not judged; what an HTTP path or a
script really asks is not looked into.

## References

- Kubernetes documentation, «Pod Lifecycle», types of probe: without a readiness probe the state is
  success; a TCP probe succeeds when the port is open.
- Illuminate/Foundation/Configuration/ApplicationBuilder.php, Laravel 13.26.1: the health route.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.health import readiness
from holdfast.check.facts.traffic import front, web_workloads
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.objects import items, text
from holdfast.check.kubernetes.workload import Container
from holdfast.check.rule import Rule
from holdfast.check.sources.shell import SHELLS
from holdfast.check.target import Target

_PROBES: Final = ("readinessProbe", "startupProbe")
_ALWAYS: Final = re.compile(r"(?:\S*/)?(?:true|:|exit 0|echo\b.*|php (?:-v|--version|-i))\s*")


def check(target: Target) -> Iterator[Finding]:
    """Web workloads without a probe that asks the application."""
    for workload in web_workloads(target):
        containers = workload.containers
        if workload.get("readinessGates") or any(map(_asks, containers)) or not containers:
            continue
        probed = next((c for c in containers if c.get("readinessProbe")), None)
        shown = probed or front(workload) or containers[0]
        if probed is None:
            why = "no readiness probe holds requests back until it answers"
        elif probed.get("readinessProbe", "tcpSocket"):
            why = "its readiness probe only opens the port"
        else:
            why = "its readiness probe always succeeds"
        yield Finding(
            shown.at("readinessProbe") if probed else shown.at("name"),
            f"A release of {workload.name} that cannot answer takes the place of the one that does,"
            f" and each rollout starts with errors: {why}.",
            readiness(workload, next(iter(target.processes_of(workload)), None), shown),
            str(workload),
        )


def _asks(container: Container) -> bool:
    """Whether one of its probes may fail where Laravel does not answer."""
    for name in _PROBES:
        probe = container.get(name)
        if not isinstance(probe, dict) or not probe:
            continue
        if "httpGet" in probe or "grpc" in probe:
            return True
        command = [text(word) for word in items(probe, "exec", "command")]
        if command[:1] and command[0].rpartition("/")[2] in SHELLS and len(command) > 1:
            command = command[-1:]
        if command and not _ALWAYS.fullmatch(" ".join(command)):
            return True
    return False


RULE = Rule(
    "HF807",
    "readiness-proves-nothing",
    "Readiness proves nothing: pods get requests that Laravel cannot answer",
    Severity.HIGH,
    check,
    gotchas=("ROL-07",),
)
