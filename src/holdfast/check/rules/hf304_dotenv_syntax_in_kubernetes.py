"""A value is written as in a `.env` file, and Kubernetes does not expand it.

## What it checks

A variable of a Laravel container that has to do with sessions, cookies or stores has `${NAME}` in
its value, and `NAME` is a variable of the same container: the line was copied from a `.env` file.

## Why it matters

In a `.env` file `${NAME}` stands for another variable. In a ConfigMap, a Secret or `env` it stays
as it is written. A cookie for the domain `.${APP_DOMAIN}` is refused by every browser, and nobody
stays logged in; a Redis at `${DB_HOST}` is not found.

## Bad

```yaml deploy.yaml
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
          envFrom: [{configMapRef: {name: shop}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  APP_ENV: production
  APP_DOMAIN: shop.example.com
  SESSION_DRIVER: redis
  SESSION_DOMAIN: ".${APP_DOMAIN}"
```

## Good

```yaml deploy.yaml
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
          envFrom: [{configMapRef: {name: shop}}]
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  APP_ENV: production
  SESSION_DRIVER: redis
  SESSION_DOMAIN: .shop.example.com
```

## How to fix

Write the value out. In `env` (not in a ConfigMap) `$(NAME)` stands for a variable that is defined
before it.

## Limits

Manifests that something fills in before they are applied are left alone: where `envsubst` or a
Flux `postBuild` is found, or a `${NAME}` in the same file that no variable explains.

## References

- Kubernetes API reference v1.34, EnvVar: `$(VAR_NAME)` is expanded, in `value` alone.
- vlucas/phpdotenv 5.6, README: nested variables in `.env`.
- pixelfed issue 1939: what users see.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.env import container_env
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_REFERENCE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_REFERENCE_BYTES: Final = re.compile(_REFERENCE.pattern.encode())
_OURS: Final = re.compile(r"(?:APP|SESSION|REDIS|CACHE|DB|SANCTUM|MEMCACHED|TRUSTED)_[A-Z0-9_]+")


def check(target: Target) -> Iterator[Finding]:
    """Values with a reference that nothing expands, each place once."""
    found = list(_unexpanded(target))
    # All files are looked through: only where there is something to say.
    if found and not _filled_in_elsewhere(target):
        yield from found


def _unexpanded(target: Target) -> Iterator[Finding]:
    seen: set[Place] = set()
    for process in target.processes():
        container = process.container
        if container is None or not any("${" in (v.value or "") for v in container.env.values()):
            continue
        # A mounted .env, which Laravel expands itself, is not among these.
        owner = container.workload.object
        env = container_env(owner, container.body, container.path, container.workload.objects)
        for name, variable in env.items():
            if variable.place in seen or not variable.value or not _OURS.fullmatch(name):
                continue
            names = set(_REFERENCE.findall(variable.value))
            known = {
                n for n in names if n != name and not _REFERENCE.search(env.value(n) or "${x}")
            }
            if not known or not _explained(target, variable.place.file, set(env)):
                continue
            seen.add(variable.place)
            shown = min(known)
            yield Finding(
                variable.place,
                f"{name} of {process} has ${{{shown}}} in it as it is written: Kubernetes does not"
                f" expand it, and Laravel takes the text for the value.",
                f"write the value of {shown} out",
                str(process),
            )


def _filled_in_elsewhere(target: Target) -> bool:
    if any(b"envsubst" in data for data in target.files.values()):
        return True
    return any(o.get("spec", "postBuild") for o in target.objects.of("Kustomization"))


def _explained(target: Target, file: str, names: set[str]) -> bool:
    """Whether every reference of a file is to a variable of the container."""
    found = _REFERENCE_BYTES.findall(target.files.get(file, b""))
    return all(name.decode() in names for name in found)


RULE = Rule(
    "HF304",
    "dotenv-syntax-in-kubernetes",
    "A value is written as in a `.env` file, and Kubernetes does not expand it",
    Severity.HIGH,
    check,
    gotchas=("CFG-04",),
)
