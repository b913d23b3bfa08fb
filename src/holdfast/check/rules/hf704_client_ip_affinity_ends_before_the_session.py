"""The Service forgets a user's pod before the session ends.

## What it checks

A Service of type LoadBalancer or NodePort keeps users at a pod by `sessionAffinity: ClientIP`,
sessions are in the pods, and `timeoutSeconds` (10800 where nothing is said) is shorter than
`SESSION_LIFETIME`.

## Why it matters

Who comes back after the time is sent to any pod, which has not heard of the session: logged out
hours before the session's own end.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: file}
            - {name: SESSION_LIFETIME, value: "600"}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: LoadBalancer, sessionAffinity: ClientIP, selector: {app: shop}, ports: [{port: 80}]}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: SESSION_LIFETIME, value: "600"}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {type: LoadBalancer, sessionAffinity: ClientIP, selector: {app: shop}, ports: [{port: 80}]}
```

## How to fix

Keep sessions in a store that all pods share. Until then
`sessionAffinityConfig.clientIP.timeoutSeconds` may be up to 86400.

## Limits

Only where sessions are in pods; with a shared store nothing is lost.

## References

- Kubernetes API v1.34, ClientIPConfig v1 core: `timeoutSeconds`, default 10800, at most 86400.
- pkg/proxy/iptables/proxier.go, Kubernetes v1.34: the time counts from the last connection.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.affinity import lifetime, needed, span
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Services that forget sooner than Laravel does."""
    for one in needed(target):
        if isinstance(one, Finding):
            continue
        process, route, affinity = one
        lasts = lifetime(process)
        if route.edge is not Edge.SERVICE or affinity.lifetime is None or lasts is None:
            continue
        if affinity.lifetime < lasts:
            yield Finding(
                affinity.place,
                f"Users who come back after {span(affinity.lifetime)} are logged out, though"
                f" sessions last {span(lasts)}: {affinity.by} sends them to any pod by then, and"
                " the session is in the one that they left.",
                "keep sessions where all pods reach them: SESSION_DRIVER=redis",
                str(process),
                (Related(process.settings.place("session.lifetime"), "how long sessions last"),),
            )


RULE = Rule(
    "HF704",
    "client-ip-affinity-ends-before-the-session",
    "The Service forgets a user's pod before the session ends",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-04",),
)
