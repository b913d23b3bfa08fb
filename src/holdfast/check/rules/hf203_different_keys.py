"""Workloads that the same users come to have different keys.

## What it checks

Two workloads that one Service, one route or the paths of one host send to (a canary beside the
stable release, `/admin` beside the shop) have different values of `APP_KEY`, and neither has the
other's among `APP_PREVIOUS_KEYS`.

## Why it matters

Laravel encrypts every cookie with the key. A pod with another key cannot open the session cookie,
takes the user for a new one without a word in the log, and answers with a cookie that the first
pod cannot open. Every request that goes to the other workload logs the user out on both.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop, track: stable}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-canary}
spec:
  template:
    metadata: {labels: {app: shop, track: canary}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: APP_KEY, valueFrom: {secretKeyRef: {name: canary, key: APP_KEY}}}]
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData: {APP_KEY: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
---
apiVersion: v1
kind: Secret
metadata: {name: canary}
stringData: {APP_KEY: "base64:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="}
```

## Good

```yaml deploy.yaml
apiVersion: v1
kind: Service
metadata: {name: shop}
spec:
  selector: {app: shop}
  ports: [{port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop, track: stable}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop-canary}
spec:
  template:
    metadata: {labels: {app: shop, track: canary}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.5.0
          env: [{name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}]
```

## How to fix

Take the key from one Secret in both. To change the key, see HF205.

## Limits

Values that no manifest shows cannot be compared; where they come from different Secrets,
`--strict` says so. Values that look like placeholders are not compared.

## References

- Illuminate/Cookie/Middleware/EncryptCookies.php, Laravel 13.26.1: a cookie that cannot be
  decrypted becomes null.
- Illuminate/Cookie/CookieValuePrefix.php, 13.26.1: the value is bound to the key.
- `holdfast rehearse laravel --faults key-skew` shows what users see, with real Laravel 8.83.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import Pair, keys, pairs
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Pairs of which neither can open the other's cookies."""
    for pair in pairs(target, by_path=True):
        ours, theirs = keys(pair.one), keys(pair.other)
        if ours is None or theirs is None:
            yield from _of_other_secrets(pair)
        elif ours[0] not in theirs and theirs[0] not in ours:
            yield Finding(
                pair.other.settings.place("app.key"),
                f"Users are logged out whenever the other workload answers: {pair.one} and"
                f" {pair.other} have different values of APP_KEY, and {pair.why}.",
                "take APP_KEY from one Secret in both",
                str(pair.other),
                (Related(pair.one.settings.place("app.key"), f"the key of {pair.one}"),),
            )


def _of_other_secrets(pair: Pair) -> Iterator[Finding]:
    one, other = (
        p.settings.env.get("APP_KEY") if p.settings.env else None for p in (pair.one, pair.other)
    )
    if one and other and one.source != other.source and one.source and other.source:
        yield Finding(
            other.place,
            f"{pair.one} and {pair.other} take APP_KEY from {one.source} and {other.source}: no"
            f" manifest says whether these are equal, and {pair.why}.",
            "take APP_KEY from one Secret in both",
            str(pair.other),
            (Related(one.place, f"the key of {pair.one}"),),
            unknown=True,
        )


RULE = Rule(
    "HF203",
    "different-keys",
    "Workloads that the same users come to have different keys",
    Severity.CRITICAL,
    check,
    gotchas=("KEY-03",),
)
