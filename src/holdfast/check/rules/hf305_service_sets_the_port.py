"""A Service of that name gives the pod a `REDIS_PORT` of its own: `tcp://...`.

## What it checks

A Service `redis`, `memcached` or (with PostgreSQL) `db` is in the namespace of a Laravel container
that uses it, the container does not set `REDIS_PORT`, `MEMCACHED_PORT` or `DB_PORT` itself, and
its pod does not say `enableServiceLinks: false`.

## Why it matters

For each Service of the namespace Kubernetes sets variables as Docker once did: with a Service
`redis`, `REDIS_PORT=tcp://10.0.0.11:6379`. Laravel takes it for the port. Pods that start after
the Service cannot connect, and every page answers 500, while pods that started before it go on:
the next rollout breaks the site. A `REDIS_PORT` in `.env` is no help, for the environment wins.

## Bad

```yaml deploy.yaml
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
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      enableServiceLinks: false
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec: {selector: {app: redis}, ports: [{port: 6379}]}
```

## How to fix

`enableServiceLinks: false` in the pod's spec, and `REDIS_PORT: "6379"` in the environment.

## Limits

Where variables come from a Secret or ConfigMap that is not among the manifests, it may set the
port. Headless Services set nothing. MySQL's client reads such a port as its default, and is left
alone.

## References

- Kubernetes documentation, «Service», environment variables; API reference v1.34, PodSpec:
  enableServiceLinks is true by default.
- laravel/framework 13.26.1, config/database.php: `env('REDIS_PORT', '6379')`.
- laravel/framework issues 24999 and 36693: what users see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from holdfast.check.edits import set_to
from holdfast.check.finding import Edit, Finding, Related, Severity
from holdfast.check.kubernetes.objects import Object, same_namespace
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.process import Process
from holdfast.check.rule import Rule
from holdfast.check.target import Target


@dataclass(frozen=True, slots=True)
class _Link:
    """A variable that a Service sets and Laravel reads.

    Args:
        service: its name.
        drivers: of sessions, caches, queues and databases that read the variable.
        file: of the configuration.
        elsewhere: a variable that says the port in its place.
    """

    service: str
    drivers: tuple[str, ...]
    file: str
    elsewhere: str

    @property
    def variable(self) -> str:
        """``REDIS_PORT``."""
        return f"{self.service.upper()}_PORT"


_LINKS: Final = (
    _Link("redis", ("redis",), "config/database.php", "REDIS_URL"),
    _Link("memcached", ("memcached",), "config/cache.php", ""),
    _Link("db", ("pgsql",), "config/database.php", "DB_URL"),
)
_SETTINGS: Final = ("session.driver", "cache.default", "queue.default", "database.default")


def check(target: Target) -> Iterator[Finding]:
    """Containers whose port a Service sets."""
    for process in target.processes():
        workload = process.workload
        if workload is None or workload.get("enableServiceLinks") is False:
            continue
        for link in _LINKS:
            service = _service(target, workload, link.service)
            if service is not None and _is_hit(process, link):
                yield Finding(
                    workload.at(),
                    f"{process} cannot reach {link.service} once it starts anew: {service} makes"
                    f" Kubernetes set {link.variable}=tcp://..., which Laravel takes for a port.",
                    "enableServiceLinks: false",
                    str(process),
                    (Related(service.at("metadata", "name"), str(service)),),
                    _without_links(target, workload),
                )


def _without_links(target: Target, workload: Workload) -> tuple[Edit, ...]:
    """No service links, where nothing among the files reads one of the variables."""
    if any(b"_SERVICE_HOST" in data or b"_PORT_" in data for data in target.files.values()):
        return ()
    path = (*workload.pod, "enableServiceLinks")
    return set_to(workload.object, target.files, "false", *path)


def _service(target: Target, workload: Workload, name: str) -> Object | None:
    for found in target.objects.named("Service", name):
        if found.group or not found.get("spec", "ports"):
            continue
        if not same_namespace(found.namespace, workload.namespace):
            continue
        if found.get("spec", "clusterIP") != "None" and found.get("spec", "type") != "ExternalName":
            return found
    return None


def _is_hit(process: Process, link: _Link) -> bool:
    """Whether the variable is not set otherwise, and read."""
    assert process.container is not None
    env = process.container.env
    if env.more or link.variable in env or (link.elsewhere and link.elsewhere in env):
        return False
    directory = process.app.directory
    if directory is not None:
        configuration = directory.read(link.file)
        if configuration is not None and link.variable.encode() not in configuration:
            return False
    return any(process.settings.text(name) in link.drivers for name in _SETTINGS)


RULE = Rule(
    "HF305",
    "service-sets-the-port",
    "A Service of that name gives the pod a `REDIS_PORT` of its own: `tcp://...`",
    Severity.HIGH,
    check,
    gotchas=("CFG-05",),
    fixable=True,
)
