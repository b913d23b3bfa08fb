"""In a pod of nginx and php-fpm, php-fpm stops first.

## What it checks

The web server that the Service's requests reach waits in its `preStop` hook longer than the
container with Laravel in the same pod.

## Why it matters

All containers of a pod are told to stop at the same time. While nginx waits in its hook it takes
requests as before, but php-fpm is gone: each of them is answered 502. The hook that was to lose no
request loses all of its pod's for that time.

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
        - name: nginx
          image: nginx:1.27
          ports: [{containerPort: 80}]
          lifecycle: {preStop: {sleep: {seconds: 10}}}
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}]
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
      containers:
        - name: nginx
          image: nginx:1.27
          ports: [{containerPort: 80}]
          lifecycle: {preStop: {sleep: {seconds: 10}}}
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}]
          lifecycle: {preStop: {sleep: {seconds: 12}}}
```

## How to fix

Give php-fpm the same hook, a little longer than that of nginx. Or make nginx a native sidecar
(`initContainers` with `restartPolicy: Always`), which is stopped last, and give php-fpm the hook.

## Limits

Only a web server that is named as one (nginx, Caddy, Apache, OpenResty, by the image or the
container) is recognised.

## References

- Kubernetes documentation, «Pod Lifecycle», termination of pods: containers receive the stop
  signal in an arbitrary order; a preStop hook may synchronise them; sidecars are stopped last.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.traffic import WEB_SERVER, front, pre_stop, serves, sleeping
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Pods whose web server outlives PHP."""
    for process in target.processes(Role.WEB):
        workload, php = process.workload, process.container
        if workload is None or php is None or not serves(workload):
            continue
        server = front(workload)
        if server is None or server.path == php.path or server.get("restartPolicy"):
            continue
        if not WEB_SERVER.search(f"{server.name} {server.image}"):
            continue
        waits, stops = pre_stop(server), pre_stop(php)
        if waits is None or (stops is not None and not stops.known):
            continue
        seconds = stops.seconds if stops else 0
        if waits.seconds > seconds:
            yield Finding(
                php.at("lifecycle") if stops else php.at("name"),
                f"For {waits.seconds - seconds} s of each pod's end every request to"
                f" {workload.name} answers 502: {server.name} waits {waits.seconds} s before it"
                f" stops, {php.name} {f'{seconds} s' if seconds else 'not at all'}.",
                sleeping(waits.seconds + 2),
                str(process),
                (Related(server.at("lifecycle", "preStop"), f"the hook of {server.name}"),),
            )


RULE = Rule(
    "HF804",
    "php-stops-before-its-web-server",
    "In a pod of nginx and php-fpm, php-fpm stops first",
    Severity.MEDIUM,
    check,
    gotchas=("ROL-04",),
)
