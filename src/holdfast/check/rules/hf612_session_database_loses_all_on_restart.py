"""A restart of the database loses all sessions.

## What it checks

Sessions are in a database, its server (MySQL, MariaDB, PostgreSQL) is among the manifests, runs in
one pod, and that has no volume, or `emptyDir` volumes alone.

## Why it matters

When the pod is replaced, the database starts empty: everyone is logged out, and all else in it is
gone too.

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
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: mysql}
            - {name: DB_HOST, value: mysql}
---
apiVersion: v1
kind: Service
metadata: {name: mysql}
spec:
  selector: {app: mysql}
  ports: [{port: 3306}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: mysql}
spec:
  template:
    metadata: {labels: {app: mysql}}
    spec:
      containers:
        - name: mysql
          image: mysql:8.0
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
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: database}
            - {name: DB_CONNECTION, value: mysql}
            - {name: DB_HOST, value: mysql}
---
apiVersion: v1
kind: Service
metadata: {name: mysql}
spec:
  selector: {app: mysql}
  ports: [{port: 3306}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: mysql}
spec:
  template:
    metadata: {labels: {app: mysql}}
    spec:
      containers:
        - name: mysql
          image: mysql:8.0
          volumeMounts: [{name: data, mountPath: /var/lib/mysql}]
      volumes: [{name: data, persistentVolumeClaim: {claimName: mysql}}]
```

## How to fix

Make it a StatefulSet with a `volumeClaimTemplates` entry at its data directory, or use a database
outside the cluster.

## Limits

Where there is any other volume, the data are taken to be on it.

## References

- Kubernetes documentation, «Volumes», emptyDir: deleted with the pod; without a volume files are
  lost with the container.
- Official images mysql 8.0, mariadb 10.11, postgres 16: data in /var/lib/mysql,
  /var/lib/postgresql.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.endpoints import session_database
from holdfast.check.facts.session_store import lasting, reached
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.stores.store import Keeps
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_LOST: Final = {
    Keeps.CONTAINER: "it writes to no volume",
    Keeps.POD: "its volume is deleted with its pod",
}
_SERVERS: Final = ("mysql", "mariadb", "postgresql")


def check(target: Target) -> Iterator[Finding]:
    """Databases of sessions whose data go with their pod."""
    said: set[Place] = set()
    for process in target.processes(Role.WEB):
        endpoint = session_database(process)
        store = reached(target, process, endpoint).only if endpoint else None
        if store is None or endpoint is None or store.product not in _SERVERS:
            continue
        single = store.scale is not None and store.scale.most == 1
        if not single or store.disk.keeps not in _LOST or store.disk.place in said:
            continue
        said.add(store.disk.place)
        yield Finding(
            store.disk.place,
            f"Everyone is logged out when the pod of {store} is replaced, and the rest of the"
            f" database is gone too: {_LOST[store.disk.keeps]}.",
            lasting(store),
            str(store),
            (Related(endpoint.place, f"{process} keeps its sessions there"),),
        )


RULE = Rule(
    "HF612",
    "session-database-loses-all-on-restart",
    "A restart of the database loses all sessions",
    Severity.CRITICAL,
    check,
    gotchas=(
        "STO-03",
        "RED-04",
    ),
)
