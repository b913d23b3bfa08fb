"""Sessions are in several servers that do not know each other.

## What it checks

The host of the sessions is a Service with an address of its own, and behind it are several pods of
memcached, or of a Redis without replication.

## Why it matters

Each connection goes to a pod that Kubernetes picks. What one pod saved, the next one does not have:
users are logged out at random.

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
            - {name: SESSION_DRIVER, value: memcached}
            - {name: MEMCACHED_HOST, value: memcached}
---
apiVersion: v1
kind: Service
metadata: {name: memcached}
spec:
  selector: {app: memcached}
  ports: [{port: 11211}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: memcached}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: memcached}}
    spec:
      containers:
        - name: memcached
          image: memcached:1.6
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
            - {name: SESSION_DRIVER, value: memcached}
            - {name: MEMCACHED_HOST, value: memcached}
---
apiVersion: v1
kind: Service
metadata: {name: memcached}
spec:
  selector: {app: memcached}
  ports: [{port: 11211}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: memcached}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: memcached}}
    spec:
      containers:
        - name: memcached
          image: memcached:1.6
```

## How to fix

Run one pod; or list every pod of a StatefulSet by name (`memcached-0.memcached`), with consistent
hashing. For Redis use replication with a Service that follows the master.

## Limits

A headless Service gives the addresses of all pods to the client, and is left alone; so is a Redis
whose settings are not all among the manifests.

## References

- Kubernetes documentation, «Service», virtual IPs and service proxies: a backend is chosen for each
  connection.
- memcached documentation: servers do not know each other.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.endpoints import memcached_server, session_redis
from holdfast.check.facts.session_store import reached
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.stores.store import Role
from holdfast.check.process import Role as ProcessRole
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place


def check(target: Target) -> Iterator[Finding]:
    """Services of session stores that lead to several that share nothing."""
    said: set[Place] = set()
    for process in target.processes(ProcessRole.WEB):
        endpoint = session_redis(process) or memcached_server(process)
        if endpoint is None or endpoint.cluster or endpoint.place in said:
            continue
        found = reached(target, process, endpoint)
        store = found.only
        if store is None or found.service is None or found.headless or found.leads[0].pod:
            continue
        alone = store.product == "memcached" or (store.redis_like and store.role is Role.ALONE)
        sticky = found.service.get("spec", "sessionAffinity") == "ClientIP"
        if not alone or sticky or store.scale is None or not store.scale.several:
            continue
        said.add(endpoint.place)
        most = store.scale.most
        pods = "a pod of each node" if most is None else f"{most} pods"
        yield Finding(
            store.scale.place,
            f"Users are logged out at random: {endpoint.host} leads to {pods} of"
            f" {store}, each with sessions of its own.",
            "run one of them, or a replication with a Service that follows its master",
            str(store),
            (Related(endpoint.place, f"{process} keeps its sessions there"),),
        )


RULE = Rule(
    "HF533",
    "session-stores-behind-one-address",
    "Sessions are in several servers that do not know each other",
    Severity.CRITICAL,
    check,
    gotchas=("MEM-03",),
)
