"""Anyone in the cluster can read and write sessions.

## What it checks

The Redis of the sessions asks for no password (`requirepass`, a user, an ACL file, client
certificates), and no NetworkPolicy selects its pods.

## Why it matters

A session holds the id of the user who is logged in. Whoever can reach the server, from any pod of
the cluster, reads them, writes one for an administrator, or plants a serialized object that PHP
builds when it reads the session.

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
          args: [--appendonly, "yes"]
          volumeMounts: [{name: data, mountPath: /data}]
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
          args: [--requirepass, $(REDIS_PASSWORD), --appendonly, "yes"]
          env:
            - {name: REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: redis, key: password}}}
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
```

## How to fix

Set `requirepass` from a Secret and `REDIS_PASSWORD` of the application, and add a NetworkPolicy
that lets the application alone connect to port 6379.

## Limits

A policy that the whole cluster has, outside these manifests, is not seen. Other makers' policies
(Cilium, Calico, Istio) are not read: where there are some, nothing is said.

## References

- Redis documentation, «Redis security»: access must be limited to trusted clients.
- Official images of Redis 7 and Valkey 8: `protected-mode` is off, their pages say to set a
  password.
- Kubernetes documentation, «Network policies»: pods that no policy selects are open to all.
- bitnami/containers, redis 7.4, libredis.sh: ALLOW_EMPTY_PASSWORD.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.session_store import session_stores
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.stores.image import image
from holdfast.check.kubernetes.stores.store import Store
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_LOCKS: Final = ("aclfile", "tls-port", "tls", "user default")


def check(target: Target) -> Iterator[Finding]:
    """Stores of sessions that let anyone in."""
    for kept in session_stores(target):
        store = kept.store
        if kept.here or not _asks_nothing(store):
            continue
        if target.policies.may_close(store.object.namespace, store.labels):
            continue
        yield Finding(
            store.place,
            f"Anyone in the cluster can read sessions and write some, an administrator's too:"
            f" {store} asks for no password, and no NetworkPolicy keeps others away.",
            _hint(store),
            str(store),
            (kept.related,),
        )


def _hint(store: Store) -> str:
    kind = image(store.container.image) if store.container else None
    if kind is None:
        how = f"name a Secret with a password in the spec of {store}"
    elif kind.maker == "bitnami":
        how = f"{store.product.upper()}_PASSWORD of a Secret"
    else:
        how = "--requirepass $(REDIS_PASSWORD) in its command, of a Secret"
    return f"{how}, the same in the application; and a NetworkPolicy"


def _asks_nothing(store: Store) -> bool:
    """Whether it surely lets everyone in."""
    settings = store.settings
    if settings.open or any(settings.get(name) for name in _LOCKS):
        return False
    password = settings.get("requirepass")
    bound = (settings.value("bind", "*") or "").split()
    loopback = all(address in ("127.0.0.1", "::1", "-::1", "localhost") for address in bound)
    protected = settings.value("protected-mode", "no") == "yes"
    return (password is None or password.value == "") and not loopback and not protected


RULE = Rule(
    "HF521",
    "session-store-open-to-all",
    "Anyone in the cluster can read and write sessions",
    Severity.CRITICAL,
    check,
    gotchas=(
        "RED-21",
        "SEC-02",
    ),
)
