"""Passwords of an application's stores stand where everyone can read them.

## What it checks

The environment of a Laravel container has a password or secret of a store, a mailer or a cloud
(`REDIS_PASSWORD`, `DB_PASSWORD`, `AWS_SECRET_ACCESS_KEY`, ...) in its manifest, or by a ConfigMap.

## Why it matters

With the password of the session store anybody in the cluster's network can read each session, or
write one of any user's. A manifest is in Git, and may be read by whoever may read Deployments; a
ConfigMap is no secret to anybody who may read the namespace.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_PASSWORD, value: kai3Ahcu}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_PASSWORD, valueFrom: {secretKeyRef: {name: redis, key: password}}}
```

## How to fix

Keep it in a Secret that is not in Git as it is (ExternalSecrets, SealedSecrets), and change the
password that was seen.

## Limits

What looks like a placeholder is not judged. `APP_KEY` is HF211's.

## References

- Kubernetes documentation, ConfigMaps: «does not provide secrecy or encryption».
- laravel/laravel 12.x, .env.example and config/: the names.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import placeholder
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_NAMES = (
    "REDIS_PASSWORD", "DB_PASSWORD", "DB_ROOT_PASSWORD", "MEMCACHED_PASSWORD", "MAIL_PASSWORD",
    "AWS_SECRET_ACCESS_KEY", "PUSHER_APP_SECRET", "REVERB_APP_SECRET", "STRIPE_SECRET",
    "PASSPORT_PRIVATE_KEY", "JWT_SECRET",
)  # fmt: skip
_NONE = frozenset(("", "null", "(null)", "empty", "(empty)"))


def check(target: Target) -> Iterator[Finding]:
    """Secrets of Laravel's containers that are in plain sight."""
    said: set[Place] = set()
    for process in target.processes():
        env = process.container.env if process.container else {}
        for name in _NAMES:
            found = env.get(name)
            if found is None or found.secret or found.place in said:
                continue
            value = found.value or ""
            if value.lower() in _NONE or placeholder(value):
                continue
            said.add(found.place)
            where = f"the {found.source}" if found.source else "the manifest"
            yield Finding(
                found.place,
                f"Whoever can read {where} can use what {process} alone is to use: {name} stands in"
                " it as it is.",
                "keep it in a Secret that is not in Git as it is, and change what was seen",
                str(process),
            )


RULE = Rule(
    "HF953",
    "secrets-in-plain-sight",
    "Passwords of an application's stores stand where everyone can read them",
    Severity.HIGH,
    check,
    gotchas=("SEC-03",),
)
