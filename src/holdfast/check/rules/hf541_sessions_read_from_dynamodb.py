"""Sessions in DynamoDB may be read as they were before the last request.

## What it checks

The session driver of a web process is `dynamodb`.

## Why it matters

Laravel asks DynamoDB for an eventually consistent read, and no setting changes that. The page after
a login can be answered from a copy that does not have the login yet; that request then saves the
old state over the new one, and the user is logged out, or the cart is empty.

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
            - {name: SESSION_DRIVER, value: dynamodb}
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

Keep sessions in Redis or in a database.

## Limits

How often it happens depends on the distance between the copies; most reads are up to date.

## References

- Illuminate/Cache/DynamoDbStore.php, `get` (Laravel 8 to 13): `ConsistentRead` is false.
- Amazon DynamoDB Developer Guide, «DynamoDB read consistency».
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place


def check(target: Target) -> Iterator[Finding]:
    """Web processes with sessions in DynamoDB."""
    said: set[Place] = set()
    for process in target.processes(Role.WEB):
        place = process.settings.place("session.driver")
        if process.settings.text("session.driver") != "dynamodb" or place in said:
            continue
        said.add(place)
        yield Finding(
            place,
            f"Users of {process} can lose a login or a cart: Laravel reads sessions from DynamoDB"
            " without asking for the latest, and saves what it read.",
            "keep sessions in Redis or in a database: SESSION_DRIVER=redis",
            str(process),
        )


RULE = Rule(
    "HF541",
    "sessions-read-from-dynamodb",
    "Sessions in DynamoDB may be read as they were before the last request",
    Severity.HIGH,
    check,
    gotchas=("DYN-01",),
)
