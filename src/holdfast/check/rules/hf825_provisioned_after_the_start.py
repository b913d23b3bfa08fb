"""A container is set up by a hook that runs beside it.

## What it checks

`lifecycle.postStart` of a Laravel container runs artisan: migrations, caches, a key, links.

## Why it matters

Kubernetes starts the hook and the container's own command at the same time, in no order: requests
are answered before the configuration is cached or the tables are there, with the wrong settings or
with 500. If the hook fails, the container is killed. It runs in every replica, and again with each
restart.

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
          lifecycle:
            postStart:
              exec: {command: [sh, -c, "php artisan migrate --force && php artisan config:cache"]}
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
          command: [sh, -c, "php artisan config:cache && exec php-fpm"]
```

## How to fix

Caches into the entry point, before `exec`; migrations into a Job that runs before the rollout.

## Limits

Only calls of artisan are judged.

## References

- Kubernetes documentation, Container Lifecycle Hooks: «no guarantee that the hook will execute
  before the container ENTRYPOINT»; a hook that fails kills the container.
- renoki-co/charts issue 33.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import When, at_start
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_SETS_UP = frozenset((
    "migrate", "migrate:fresh", "db:seed", "config:cache", "config:clear", "route:cache",
    "view:cache", "event:cache", "optimize", "optimize:clear", "cache:clear", "key:generate",
    "storage:link", "passport:keys",
))  # fmt: skip


def check(target: Target) -> Iterator[Finding]:
    """Hooks that run artisan."""
    for call in at_start(target):
        if call.when is not When.AFTER_START or call.name not in _SETS_UP:
            continue
        yield Finding(
            call.place,
            f"Requests are answered before this is done: {call.name} runs in postStart of"
            f" {call.subject}, beside the server and in no order with it.",
            "caches into the entry point, before exec; migrations into a Job",
            call.subject,
        )


RULE = Rule(
    "HF825",
    "provisioned-after-the-start",
    "A container is set up by a hook that runs beside it",
    Severity.HIGH,
    check,
    gotchas=("ROL-25",),
)
