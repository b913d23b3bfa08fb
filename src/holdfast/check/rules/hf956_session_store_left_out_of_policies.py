"""The network policies leave the session store out.

## What it checks

There are NetworkPolicies for ingress in the namespace of the sessions' store, and none of them
selects its pods.

## Why it matters

Pods that no policy selects are open to every pod of the cluster. The password is then all that
stands between a broken-into container and everybody's sessions, and it travels in clear text.

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
          args: [--requirepass, $(P), --appendonly, "yes"]
          env: [{name: P, valueFrom: {secretKeyRef: {name: redis, key: p}}}]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only}
spec:
  podSelector: {matchLabels: {app: shop}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: shop}}}]}]
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
          args: [--requirepass, $(P), --appendonly, "yes"]
          env: [{name: P, valueFrom: {secretKeyRef: {name: redis, key: p}}}]
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 1Gi}}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: only}
spec:
  podSelector: {matchLabels: {app: redis}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: shop}}}]}]
```

## How to fix

Add a policy that selects the store's pods and lets the application's alone connect to its port.

## Limits

Where there are no policies at all nothing is said here: that is a decision for the cluster, and
HF521 looks at the password. Policies of other makers are not read.

## References

- Kubernetes documentation, «Network policies»: a pod is isolated for ingress only if a policy
  selects it.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.session_store import session_stores
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Stores of sessions that policies leave out."""
    for kept in session_stores(target):
        store = kept.store
        other = target.policies.there(store.object.namespace)
        if kept.here or other is None or not store.labels:
            continue
        if target.policies.may_close(store.object.namespace, store.labels):
            continue
        yield Finding(
            store.object.at("metadata", "name"),
            f"Every pod of the cluster can connect to {store}, which has the sessions: there are"
            " network policies, and none selects it.",
            "add a NetworkPolicy that lets the application alone connect to its port",
            str(store),
            (kept.related, Related(other.at("spec", "podSelector"), f"{other} selects others")),
        )


RULE = Rule(
    "HF956",
    "session-store-left-out-of-policies",
    "The network policies leave the session store out",
    Severity.HIGH,
    check,
    gotchas=("SEC-06",),
)
