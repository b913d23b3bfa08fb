"""The configuration of the Redis of the sessions is mounted, but never read.

## What it checks

A ConfigMap with settings of Redis is mounted into the store of the sessions, the image is the
official one of Redis or Valkey, and nothing in `command` or `args` names the file.

## Why it matters

The official images read no file by themselves. Whatever stands there, `appendonly`, `requirepass`,
`maxmemory-policy`, is not in effect, while everybody believes that it is.

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
          volumeMounts:
            - {name: conf, mountPath: /usr/local/etc/redis}
            - {name: data, mountPath: /data}
      volumes: [{name: conf, configMap: {name: redis}}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: redis}
data:
  redis.conf: |
    appendonly yes
    maxmemory 200mb
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
          args: [/usr/local/etc/redis/redis.conf]
          volumeMounts:
            - {name: conf, mountPath: /usr/local/etc/redis}
            - {name: data, mountPath: /data}
      volumes: [{name: conf, configMap: {name: redis}}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: redis}
data:
  redis.conf: |
    appendonly yes
    maxmemory 200mb
```

## How to fix

Name the file: `args: [/usr/local/etc/redis/redis.conf]`.

## Limits

A script that starts the server may read it, and is left alone.

## References

- Official image of Redis 7, its description: a configuration file is given as the argument of
  redis-server.
- valkey-io/valkey-container, docker-entrypoint.sh: an argument that ends in .conf is given to
  valkey-server, no other file.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.session_store import session_stores
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.stores.image import image
from holdfast.check.kubernetes.stores.mounted import mounted
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_DIRECTIVE: Final = re.compile(
    r"^\s*(appendonly|save|requirepass|maxmemory|maxmemory-policy|appendfsync|dir)\s", re.MULTILINE
)


def check(target: Target) -> Iterator[Finding]:
    """Stores of sessions with a configuration that they do not look at."""
    for kept in session_stores(target):
        container = kept.store.container
        if container is None or kept.store.settings.open:
            continue
        named = image(container.image)
        if named is None or named.maker != "plain" or named.product not in ("redis", "valkey"):
            continue
        words = " ".join(container.command)
        for path, variable in mounted(container):
            settings = sorted(set(_DIRECTIVE.findall(variable.value or "")))
            if not settings or posixpath.basename(path) in words:
                continue
            yield Finding(
                variable.place,
                f"{' and '.join(settings)} of this file are not in effect: {kept.store}, which has"
                f" the sessions, has it at {path}, but nothing tells Redis to read it.",
                f"args: [{path}]",
                str(kept.store),
                (kept.related,),
            )


RULE = Rule(
    "HF526",
    "session-store-configuration-unread",
    "The configuration of the Redis of the sessions is mounted, but never read",
    Severity.MEDIUM,
    check,
    gotchas=(
        "RED-04",
        "RED-05",
    ),
)
