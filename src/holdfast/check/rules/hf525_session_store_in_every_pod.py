"""Each pod keeps its sessions in a Redis of its own.

## What it checks

The host of the sessions' connection is the pod itself (`127.0.0.1`, `localhost`), a container of
the pod runs Redis, and several pods answer.

## Why it matters

It is the file driver in other clothes: a session is known to one pod only. The next pod starts an
empty one and its cookie takes the place of the good one, so users are logged out at random.

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
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: 127.0.0.1}
        - {name: redis, image: redis:7.2}
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
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: redis}
spec:
  selector: {app: redis}
  ports: [{port: 6379}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: redis}
spec:
  template:
    metadata: {labels: {app: redis}}
    spec:
      containers:
        - name: redis
          image: redis:7.2
          args: [--appendonly, "yes"]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

Run Redis as a StatefulSet of its own with a Service, and name that in `REDIS_HOST`.

## Limits

A proxy to Redis in the pod (twemproxy, envoy) is no Redis and is not meant.

## References

- Kubernetes documentation, «Pods»: the containers of a pod share an address, and nobody else does.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.session_store import session_stores
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Stores of sessions in the pods that use them."""
    for kept in session_stores(target):
        workload = kept.process.workload
        if not kept.here or workload is None or not workload.scale.several:
            continue
        yield Finding(
            kept.endpoint.place,
            f"Users of {workload.name} are logged out at random: each pod keeps sessions in a Redis"
            f" of its own, and {workload.scale} answer.",
            "run one Redis with a Service, and name that in REDIS_HOST",
            str(kept.process),
            (Related(kept.store.place, "the Redis of each pod"),),
        )


RULE = Rule(
    "HF525",
    "session-store-in-every-pod",
    "Each pod keeps its sessions in a Redis of its own",
    Severity.CRITICAL,
    check,
    gotchas=(
        "STO-01",
        "RED-04",
    ),
)
