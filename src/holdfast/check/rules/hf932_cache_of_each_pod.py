"""The cache is one of each pod, and with it every count and every lock.

## What it checks

The default cache store of a web process is `file` or `array`, more than one replica may run, and
no volume makes the files common.

## Why it matters

Laravel counts failed logins in the cache: with five pods an attacker has five times the attempts.
A rate limit of an API is as loose. A lock holds in one pod alone, so that two pods do what was to
be done once, and what one pod has forgotten another one still serves.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: CACHE_STORE, value: file}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: CACHE_STORE, value: redis}]
```

## How to fix

`CACHE_STORE=redis` (before Laravel 11 `CACHE_DRIVER`), in another Redis than that of the sessions.

## Limits

Whether the application limits or locks anything is not looked into.

## References

- Illuminate/Cache/CacheServiceProvider.php, Laravel 13.26.1: the rate limiter counts in
  `cache.limiter`, the default store where nothing is said.
- laravel/fortify, LoginRateLimiter.php: failed logins are counted by it.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import kept
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_FILES = "storage/framework/cache/data"


def check(target: Target) -> Iterator[Finding]:
    """Web processes of several replicas with a cache each."""
    for process in target.processes(Role.WEB):
        workload = process.workload
        if workload is None or not process.endless or not workload.scale.several:
            continue
        driver = _driver(process)
        if driver == "array" or (driver == "file" and _of_one_pod(process)):
            scale = workload.scale
            yield Finding(
                process.settings.place("cache.default"),
                f"Failed logins to {workload.name} are counted in each pod for itself, and locks"
                f" hold in one pod alone: the default cache store is «{driver}», and {scale}"
                " answer.",
                "CACHE_STORE=redis, in another Redis than that of the sessions",
                str(process),
                (Related(scale.place, f"{scale}, says {scale.by}"),),
            )


def _driver(process: Process) -> str:
    """Of the default store that counts are kept in; empty where it cannot be told."""
    settings = process.settings
    name = settings.text("cache.default")
    if settings.project is None:
        return name
    if settings.scalar("cache.limiter") is not None or not settings.known("cache.limiter"):
        return ""
    return settings.text(f"cache.stores.{name}.driver")


def _of_one_pod(process: Process) -> bool:
    assert process.container is not None
    there = kept(process.container, _FILES)
    return there is not None and there.of_one_pod


RULE = Rule(
    "HF932",
    "cache-of-each-pod",
    "The cache is one of each pod, and with it every count and every lock",
    Severity.MEDIUM,
    check,
    gotchas=("WRK-12",),
)
