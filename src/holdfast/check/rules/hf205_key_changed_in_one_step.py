"""One workload has a new key that the other, which the same users come to, cannot read.

## What it checks

Two workloads that one Service, one route or the paths of one host send to have different values of
`APP_KEY`. One has the other's among its `APP_PREVIOUS_KEYS`; the other does not know the first
one's.

## Why it matters

The new release reads the old cookies and answers with new ones. The next request of that user may
reach a pod of the old release, which cannot open them: the user is logged out, and the old pod's
empty cookie takes the place of the good one. That lasts until the last old pod is gone.

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
          env: [{name: APP_KEY, value: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}]
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
          env:
            - {name: APP_KEY, value: "base64:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="}
            - name: APP_PREVIOUS_KEYS
              value: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
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
          env:
            - {name: APP_KEY, value: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
            - name: APP_PREVIOUS_KEYS
              value: "base64:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
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
          env:
            - {name: APP_KEY, value: "base64:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="}
            - name: APP_PREVIOUS_KEYS
              value: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
```

## How to fix

Three rollouts: first the new key in `APP_PREVIOUS_KEYS` everywhere, so that every pod can read it;
then both change places; when the longest session and remember-me cookie are over, the old one
goes.

## Limits

A key that is changed in one Deployment by its next rollout is not to be seen in files: the same
three steps are needed there. Laravel 8 to 10 know no previous keys.

## References

- Illuminate/Encryption/EncryptionServiceProvider.php and Encrypter.php, Laravel 13.26.1: encrypts
  with the key alone, decrypts with the previous ones too.
- Illuminate/Cookie/Middleware/EncryptCookies.php, 13.26.1: what cannot be decrypted becomes null.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import keys, pairs
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Pairs of which one alone can open the other's cookies."""
    for pair in pairs(target, by_path=True):
        ours, theirs = keys(pair.one), keys(pair.other)
        if ours is None or theirs is None or (ours[0] in theirs) == (theirs[0] in ours):
            continue
        new, old = (pair.one, pair.other) if theirs[0] in ours else (pair.other, pair.one)
        yield Finding(
            new.settings.place("app.key"),
            f"Users whom {new} has answered are logged out when {old} answers next: its key is not"
            f" among the previous keys there, and {pair.why}.",
            f"roll out first: this key in APP_PREVIOUS_KEYS of {old}",
            str(new),
            (Related(old.settings.place("app.key"), f"the key of {old}"),),
        )


RULE = Rule(
    "HF205",
    "key-changed-in-one-step",
    "One workload has a new key that the other, which the same users come to, cannot read",
    Severity.HIGH,
    check,
    gotchas=("KEY-05",),
)
