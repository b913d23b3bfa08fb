"""Sessions are sent to a Redis that refuses them.

## What it checks

The host of the sessions' connection leads to all pods of a replication or to replicas alone: a
Service that selects masters and replicas, `<name>`, `<name>-headless` or `<name>-replica` of a
`RedisReplication`, `rfrs-<name>`. Or it leads to Sentinel.

## Why it matters

Replicas refuse to write: «READONLY You can't write against a read only replica». Each request saves
its session, so each that meets a replica ends with status 500. Sentinel keeps no keys at all: it
tells clients that ask for it where the master is, and Laravel's own connections do not ask.

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
            - {name: REDIS_CLIENT, value: phpredis}
            - {name: REDIS_HOST, value: redis}
---
apiVersion: redis.redis.opstreelabs.in/v1beta2
kind: RedisReplication
metadata: {name: redis}
spec:
  clusterSize: 3
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
            - {name: REDIS_CLIENT, value: phpredis}
            - {name: REDIS_HOST, value: redis-master}
---
apiVersion: redis.redis.opstreelabs.in/v1beta2
kind: RedisReplication
metadata: {name: redis}
spec:
  clusterSize: 3
```

## How to fix

Use the Service that follows the master (`<name>-master`, `rfrm-<name>`), or put HAProxy before the
replication. For Sentinel itself take predis with `replication => sentinel`, or a connector that
knows it.

## Limits

A client other than phpredis and predis may know Sentinel and is left alone there; so is predis with
`replication`.

## References

- Redis documentation, «Redis replication», «Read-only replica»; tests/check/test_store_facts.py
  asks one.
- Illuminate/Redis/Connectors (Laravel 8 to 13): neither connector asks Sentinel.
- OT-CONTAINER-KIT/redis-operator v0.26.0, internal/k8sutils/redis-replication.go: which Service
  selects what.
- spotahome/redis-operator 632aa3d (August 2023), operator/redisfailover/service.
- Issues helm/charts 12851 and 21180.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.check.facts.endpoints import session_redis, told
from holdfast.check.facts.session_store import reached
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.stores.reach import Lead
from holdfast.check.kubernetes.stores.store import Role
from holdfast.check.process import Process
from holdfast.check.process import Role as ProcessRole
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Hosts of sessions behind which not only the master is."""
    for process in target.processes(ProcessRole.WEB):
        endpoint = session_redis(process)
        if endpoint is None or endpoint.cluster:
            continue
        leads = reached(target, process, endpoint).leads
        why = _why(process, [lead for lead in leads if lead.store.redis_like and not lead.pod])
        if why:
            yield Finding(
                endpoint.place,
                f"Requests fail, their session cannot be saved: {endpoint.host} leads {why}.",
                "name the Service that follows the master, or put HAProxy before the replication",
                str(process),
                tuple(Related(lead.store.place, str(lead.store)) for lead in leads),
            )


def _why(process: Process, leads: Sequence[Lead]) -> str:
    """What is wrong with where a host leads; empty where nothing surely is."""
    to = {lead.to for lead in leads}
    if to == {Role.SENTINEL}:
        return "" if _may_ask_sentinel(process) else "to Sentinel, which keeps no keys"
    if to == {Role.REPLICA}:
        return "to replicas alone, which refuse to write"
    if Role.REPLICA in to:
        return "to the master and to replicas alike, and replicas refuse to write"
    for lead in leads:
        several = lead.store.scale is None or lead.store.scale.several
        if lead.to is Role.REPLICATION and several:
            return f"to all pods of {lead.store}, and all but one refuse to write"
    return ""


def _may_ask_sentinel(process: Process) -> bool:
    """Whether its client may know Sentinel: predis that is told to, or a package's connector."""
    if told(process, "database.redis.client") not in ("", "phpredis", "predis"):
        return True
    directory = process.app.directory
    if directory is None:
        return False
    packages = str(directory.json("composer.json")).lower()
    return "sentinel" in packages or told(process, "database.redis.options.replication") != ""


RULE = Rule(
    "HF513",
    "session-host-leads-to-replicas",
    "Sessions are sent to a Redis that refuses them",
    Severity.HIGH,
    check,
    gotchas=(
        "RED-13",
        "RED-14",
    ),
)
