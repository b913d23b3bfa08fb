"""The blue and the green release do not share their sessions: the switch logs everybody out.

## What it checks

Two workloads whose names differ in `blue` and `green` alone, and which no Service sends to at the
same time, differ in the key, the session store, the names of cookie and keys, or the format.

## Why it matters

At the switch every user comes to pods that cannot open the cookie, or do not find its session. All
are logged out at one moment, and again when it is switched back.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-blue}
spec:
  template:
    metadata: {labels: {app: shop, slot: blue}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: REDIS_HOST, value: redis-blue}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-green}
spec:
  template:
    metadata: {labels: {app: shop, slot: green}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: SESSION_DRIVER, value: redis}, {name: REDIS_HOST, value: redis-green}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-blue}
spec:
  template:
    metadata: {labels: {app: shop, slot: blue}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: REDIS_HOST, value: redis-sessions}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-green}
spec:
  template:
    metadata: {labels: {app: shop, slot: green}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: SESSION_DRIVER, value: redis}, {name: REDIS_HOST, value: redis-sessions}]
```

## How to fix

Both take the key from one Secret, keep sessions in one store, and pin `SESSION_COOKIE`,
`REDIS_PREFIX` and `CACHE_PREFIX`. Caches and queues may be their own.

## Limits

Colours with other names are not recognised; nor are two releases in different namespaces.

## References

- Illuminate/Cookie/Middleware/EncryptCookies.php and Illuminate/Session/Store.php, Laravel
  13.26.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import Difference, Pair, differing_rows, keys, pairs
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.rules.hf113_sessions_in_different_stores import different_stores
from holdfast.check.rules.hf306_different_session_names import different_names
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Pairs of colours that do not agree."""
    together = {frozenset((id(p.one), id(p.other))) for p in pairs(target)}
    for pair in pairs(target, takes_turns=True):
        if frozenset((id(pair.one), id(pair.other))) in together:
            continue
        found = (
            different_stores(pair)
            or different_names(pair)
            or differing_rows(pair, "serialization", "encrypt")
            or _different_keys(pair)
        )
        if found:
            shown = f": {found.values[0]} and {found.values[1]}" if found.values[0] else ""
            yield Finding(
                found.places[1],
                f"Everybody is logged out at the switch between {pair.one} and {pair.other}: they"
                f" differ in {found.what}{shown}.",
                "give both one key, one store and one set of names",
                str(pair.other),
                found.related(pair),
            )


def _different_keys(pair: Pair) -> Difference | None:
    ours, theirs = keys(pair.one), keys(pair.other)
    if ours is None or theirs is None or ours[0] in theirs:
        return None
    places = (pair.one.settings.place("app.key"), pair.other.settings.place("app.key"))
    return Difference("APP_KEY", ("", ""), places)


RULE = Rule(
    "HF819",
    "colours-do-not-share-sessions",
    "The blue and the green release do not share their sessions: the switch logs everybody out",
    Severity.CRITICAL,
    check,
    gotchas=("ROL-19",),
)
