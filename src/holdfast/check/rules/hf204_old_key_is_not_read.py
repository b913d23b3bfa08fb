"""The key was changed, and the old one is kept under a name that Laravel does not read.

## What it checks

A variable of a Laravel container is called as if it were for the old key (`APP_OLD_KEY`,
`APP_KEY_PREVIOUS`, `APP_PREVIOUS_KEY`), holds a key, and neither `APP_PREVIOUS_KEYS` holds that
key nor does `config/app.php` read the variable.

## Why it matters

A new key makes every cookie unreadable that was set before. Laravel takes them for none: everybody
is logged out with the rollout, remember-me cookies included, and nothing is in the log. Only keys
in `APP_PREVIOUS_KEYS` are tried besides.

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
          envFrom: [{secretRef: {name: shop}}]
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData:
  APP_KEY: "base64:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
  APP_OLD_KEY: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
```

```php config/app.php
<?php
return [
    'key' => env('APP_KEY'),
    'previous_keys' => array_filter(explode(',', env('APP_PREVIOUS_KEYS', ''))),
];
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
          envFrom: [{secretRef: {name: shop}}]
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData:
  APP_KEY: "base64:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="
  APP_PREVIOUS_KEYS: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
```

```php config/app.php
<?php
return [
    'key' => env('APP_KEY'),
    'previous_keys' => array_filter(explode(',', env('APP_PREVIOUS_KEYS', ''))),
];
```

## How to fix

Call it `APP_PREVIOUS_KEYS`, with commas and no blanks between several keys.

## Limits

A key that is changed without a trace of the old one is not to be seen in files. Laravel 8 to 10
know no previous keys. Without the project `--strict` alone speaks of it.

## References

- laravel/framework 11.56.0 and 13.26.1, config/app.php: `previous_keys`.
- Illuminate/Encryption/Encrypter.php, `getAllKeys`, 13.26.1; Laravel 13.x documentation,
  «Encryption».
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.agreement import PREVIOUS_KEYS_SINCE, keys, placeholder
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.laravel.keys import KEY_BYTES, parse_key
from holdfast.manifests.place import Place

_OLD: Final = re.compile(
    r"(?:APP_)?(?:OLD|PREV|PREVIOUS|FORMER)_(?:APP_)?KEYS?|APP_KEYS?_(?:OLD|PREV|PREVIOUS|FORMER)"
)
_READ: Final = "APP_PREVIOUS_KEYS"


def check(target: Target) -> Iterator[Finding]:
    """Old keys that nothing reads, each place once."""
    seen: set[Place] = set()
    for process in target.processes():
        env, project = process.settings.env, process.settings.project
        if env is None or (project and project.release.major < PREVIOUS_KEYS_SINCE):
            continue
        for name, variable in env.items():
            if name == _READ or not _OLD.fullmatch(name) or variable.place in seen:
                continue
            if not _is_key(variable.value or "") or _is_read(process, name, variable.value or ""):
                continue
            seen.add(variable.place)
            yield Finding(
                variable.place,
                f"Everybody is logged out by the new APP_KEY of {process.name}: the old key is"
                f" in {name}, which Laravel does not read.",
                f"call it {_READ}",
                str(process),
                unknown=project is None,
            )


def _is_key(text: str) -> bool:
    starts = text.startswith("base64:") and not placeholder(text)
    return starts and len(parse_key(text)) in KEY_BYTES.values()


def _is_read(process: Process, name: str, old: str) -> bool:
    """Whether the old key may be in use all the same."""
    env, directory = process.settings.env, process.app.directory
    if env is None or (env.more and _READ not in env):
        return True
    if old in (keys(process) or ()) or old in (env.value(_READ) or "").split(","):
        return True
    own = directory.read("config/app.php") if directory else None
    return own is not None and re.search(rf"\b{name}\b".encode(), own) is not None


RULE = Rule(
    "HF204",
    "old-key-is-not-read",
    "The key was changed, and the old one is kept under a name that Laravel does not read",
    Severity.CRITICAL,
    check,
    gotchas=("KEY-04",),
)
