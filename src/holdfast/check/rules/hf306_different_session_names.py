"""Workloads that the same users come to have different names for the session.

## What it checks

Two workloads that one Service or one route sends to have different session cookies, or different
key prefixes of the sessions in Redis. Both are made of `APP_NAME` unless `SESSION_COOKIE`,
`REDIS_PREFIX` and `CACHE_PREFIX` are set: «Shop» and «Shop Canary» are two worlds.

## Why it matters

Each workload looks for a cookie, or for a key, that the other one never wrote. Users are logged in
at one and strangers at the other, and are thrown from one state to the other as their requests go.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: APP_NAME, value: Shop}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-canary}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: SESSION_DRIVER, value: redis}, {name: APP_NAME, value: Shop Canary}]
```

## Good

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: APP_NAME, value: Shop}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-canary}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: SESSION_DRIVER, value: redis}, {name: APP_NAME, value: Shop}]
```

## How to fix

Pin the names in both: `SESSION_COOKIE`, `REDIS_PREFIX`, `CACHE_PREFIX`. Then `APP_NAME` may
differ.

## Limits

Without the project, Laravel's own configuration files are taken to be in use: there the names come
of `APP_NAME` in all versions.

## References

- laravel/laravel 8.x to 13.x, config/session.php, config/database.php, config/cache.php: the
  names' defaults.
- laravel/framework 13.26.1, config/session.php: the cookie's name of Laravel 13.
- `holdfast rehearse laravel --faults name-skew` shows what users see, with real Laravel 8.83.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import Difference, Pair, differing, differing_rows, pairs
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.laravel.names import slug


def check(target: Target) -> Iterator[Finding]:
    """Pairs that call the session by different names."""
    for pair in pairs(target):
        if found := different_names(pair):
            yield Finding(
                found.places[1],
                f"Users are logged out whenever the other workload answers: {found.what} is"
                f" «{found.values[0]}» in {pair.one} and «{found.values[1]}» in {pair.other}, and"
                f" {pair.why}.",
                "set SESSION_COOKIE, REDIS_PREFIX and CACHE_PREFIX to the same in both",
                str(pair.other),
                found.related(pair),
            )


def different_names(pair: Pair) -> Difference | None:
    """Which name differs; None where none is known to."""
    if found := differing_rows(pair, "cookie") or differing(pair, "session.cookie"):
        return found
    in_redis = all(p.settings.text("session.driver") == "redis" for p in (pair.one, pair.other))
    if in_redis and (found := differing_rows(pair, "redis.session_key_prefix")):
        return found
    names = [p.settings.text("app.name") for p in (pair.one, pair.other)]
    if all(map(_named_by_app_name, (pair.one, pair.other))) and (
        all(names) and slug(names[0], "_") != slug(names[1], "_")
    ):
        return differing(pair, "app.name")
    return None


def _named_by_app_name(process: Process) -> bool:
    """Whether a stock configuration makes the cookie's name of APP_NAME."""
    settings = process.settings
    env = settings.env
    unset = env is not None and not env.more and "SESSION_COOKIE" not in env
    return settings.project is None and unset


RULE = Rule(
    "HF306",
    "different-session-names",
    "Workloads that the same users come to have different names for the session",
    Severity.CRITICAL,
    check,
    gotchas=("CFG-06", "RED-09"),
)
