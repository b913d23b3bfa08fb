"""Several Reverb servers run, and none passes messages on to the others.

## What it checks

More than one replica runs `artisan reverb:start`, and `reverb.servers.reverb.scaling.enabled`
(`REVERB_SCALING_ENABLED`) is off.

## Why it matters

A browser holds its connection to one replica. A message that another replica is given reaches the
browsers of that one alone: with three replicas two users in three miss it. Sticky sessions do not
help, since the message, not the user, comes to the wrong one.

## Bad

```php config/reverb.php
<?php
return ['servers' => ['reverb' => [
    'scaling' => ['enabled' => env('REVERB_SCALING_ENABLED', false)],
]]];
```

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: reverb}
spec:
  replicas: 3
  selector: {matchLabels: {app: reverb}}
  template:
    metadata: {labels: {app: reverb}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, reverb:start]
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: reverb, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
```

## Good

```php config/reverb.php
<?php
return ['servers' => ['reverb' => [
    'scaling' => ['enabled' => env('REVERB_SCALING_ENABLED', false)],
]]];
```

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: reverb}
spec:
  replicas: 3
  selector: {matchLabels: {app: reverb}}
  template:
    metadata: {labels: {app: reverb}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, reverb:start]
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: reverb, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REVERB_SCALING_ENABLED, value: "true"}
```

## How to fix

`REVERB_SCALING_ENABLED=true`, with a Redis that all replicas reach.

## Limits

Without the project only a variable that is set and false is judged.

## References

- Laravel 12.x, reverb.md, «Scaling»: Redis passes messages on to all servers.
- laravel/reverb 1.x, config/reverb.php: `env('REVERB_SCALING_ENABLED', false)`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.laravel.env import env_value
from holdfast.manifests.place import Place

_SETTING = "reverb.servers.reverb.scaling.enabled"
_VARIABLE = "REVERB_SCALING_ENABLED"


def check(target: Target) -> Iterator[Finding]:
    """Replicas of Reverb that each know their own browsers alone."""
    for process in target.processes(Role.WEBSOCKET):
        workload, container = process.workload, process.container
        if workload is None or container is None or not workload.scale.several:
            continue
        place = _where_off(process)
        if place is None or "reverb:start" not in " ".join(container.command):
            continue
        yield Finding(
            place,
            f"Browsers miss messages: {workload.scale} of {workload.name} hold their connections,"
            " and Reverb does not pass messages on from one to the others.",
            "set REVERB_SCALING_ENABLED=true",
            str(process),
            (Related(workload.scale.place, f"{workload.scale}, says {workload.scale.by}"),),
        )


def _where_off(process: Process) -> Place | None:
    """What switches sharing off; None where nothing surely does."""
    settings, directory = process.settings, process.app.directory
    if directory is not None and directory.read("config/reverb.php") is not None:
        off = settings.known(_SETTING) and not settings.scalar(_SETTING)
        return settings.place(_SETTING) if off else None
    said = settings.env.get(_VARIABLE) if settings.env is not None else None
    if said is None or said.value is None or env_value(said.value):
        return None
    return said.place


RULE = Rule(
    "HF724",
    "websocket-servers-that-do-not-share",
    "Several Reverb servers run, and none passes messages on to the others",
    Severity.MEDIUM,
    check,
    gotchas=("AFF-24",),
)
