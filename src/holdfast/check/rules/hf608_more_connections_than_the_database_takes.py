"""All replicas together open more connections than the database takes.

## What it checks

Sessions are in a database whose server is among the manifests, and the most replicas times
`pm.max_children` of php-fpm, over all web workloads that use it, is more than its
`max_connections`: as its arguments say it, or 151 of MySQL and MariaDB, 100 of PostgreSQL.

## Why it matters

Every request reads its session first, over a connection of its PHP process. When the site is busy,
or while a rollout has pods of both versions, the database refuses the rest, «Too many connections»,
and those requests fail with status 500.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 10
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: mysql}
            - {name: DB_HOST, value: mysql}
          volumeMounts: [{name: fpm, mountPath: /usr/local/etc/php-fpm.d/zz.conf, subPath: zz.conf}]
      volumes: [{name: fpm, configMap: {name: fpm}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fpm}
data:
  zz.conf: |
    [www]
    pm = static
    pm.max_children = 20
---
apiVersion: v1
kind: Service
metadata: {name: mysql}
spec:
  selector: {app: mysql}
  ports: [{port: 3306}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: mysql}
spec:
  template:
    metadata: {labels: {app: mysql}}
    spec:
      containers:
        - name: mysql
          image: mysql:8.0
          volumeMounts: [{name: data, mountPath: /var/lib/mysql}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 10
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: mysql}
            - {name: DB_HOST, value: mysql}
          volumeMounts: [{name: fpm, mountPath: /usr/local/etc/php-fpm.d/zz.conf, subPath: zz.conf}]
      volumes: [{name: fpm, configMap: {name: fpm}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: fpm}
data:
  zz.conf: |
    [www]
    pm = static
    pm.max_children = 20
---
apiVersion: v1
kind: Service
metadata: {name: mysql}
spec:
  selector: {app: mysql}
  ports: [{port: 3306}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: mysql}
spec:
  template:
    metadata: {labels: {app: mysql}}
    spec:
      containers:
        - name: mysql
          image: mysql:8.0
          args: [--max-connections=300]
          volumeMounts: [{name: data, mountPath: /var/lib/mysql}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

Raise `max_connections` above the product, lower `pm.max_children`, or put a pool (ProxySQL,
PgBouncer) before the server.

## Limits

Workers and tools need connections too and are not counted. A server with a configuration file of
its own is left alone, and so is php-fpm whose number is not in a mounted file.

## References

- MySQL 8.0 and MariaDB 10.11, `max_connections`: 151 by default; PostgreSQL 16: 100.
- Illuminate/Database/Connectors (Laravel 8 to 13): one connection a process, opened when it is
  first used.
- php-fpm, php-fpm.d/www.conf: `pm.max_children`, each child answers one request at a time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.endpoints import session_database
from holdfast.check.facts.session_store import reached
from holdfast.check.facts.traffic import mounted
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.stores.image import image
from holdfast.check.kubernetes.stores.store import Store
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_CHILDREN: Final = re.compile(
    r"^[ \t]*pm\.max_children[ \t]*=[ \t]*([0-9]{1,5})[ \t]*$", re.MULTILINE
)
_MOST: Final = re.compile(r"--max[-_]connections[= ]([0-9]{1,6})|-c max_connections=([0-9]{1,6})")
_DEFAULT: Final = {"mysql": 151, "mariadb": 151, "postgresql": 100}
_CONFIGURED: Final = ("configMap", "secret", "projected")


def check(target: Target) -> Iterator[Finding]:
    """Databases of sessions that take fewer connections than are opened."""
    users: dict[int, tuple[Store, dict[int, tuple[Process, int]]]] = {}
    for process in target.processes(Role.WEB):
        endpoint = session_database(process)
        store = reached(target, process, endpoint).only if endpoint else None
        if store is None or process.workload is None or store.product not in _DEFAULT:
            continue
        number = _most_children(process.workload)
        if number:
            _, found = users.setdefault(id(store), (store, {}))
            found[id(process.workload.object)] = (process, number)
    for store, found in users.values():
        takes = _takes(store)
        opened = sum(number for _, number in found.values())
        if takes is None or opened <= takes[0]:
            continue
        yield Finding(
            takes[1],
            "Requests fail when the site is busy: its pods can open"
            f" {opened} connections to {store}, which takes {takes[0]}.",
            f"--max-connections={-(-opened * 5 // 4 // 10) * 10}, or fewer children",
            str(store),
            tuple(
                Related(p.workload.scale.place, f"{n} by {p}")
                for p, n in found.values()
                if p.workload
            ),
        )


def _most_children(workload: Workload) -> int | None:
    """How many requests its pods answer at once; None where that is not known."""
    most = workload.scale.most
    numbers = [
        int(match[1])
        for variable in mounted(workload)
        for match in _CHILDREN.finditer(variable.value or "")
    ]
    return most * numbers[0] if most and len(numbers) == 1 else None


def _takes(store: Store) -> tuple[int, Place] | None:
    """How many connections a server takes, and where that is said; None where it is not known."""
    container = store.container
    if container is None:
        return None
    said = _MOST.search(" ".join(container.command))
    if said:
        part = "args" if container.get("args") else "command"
        return int(said[1] or said[2]), container.at(part)
    named = image(container.image)
    plain = named is not None and named.maker == "plain" and not container.command
    if not plain or any(mount.volume.kind in _CONFIGURED for mount in container.mounts()):
        return None
    return _DEFAULT[store.product], container.at("image")


RULE = Rule(
    "HF608",
    "more-connections-than-the-database-takes",
    "All replicas together open more connections than the database takes",
    Severity.MEDIUM,
    check,
    gotchas=("DB-08",),
)
