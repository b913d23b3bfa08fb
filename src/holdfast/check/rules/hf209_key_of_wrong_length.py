"""The key does not fit the cipher: every page answers 500.

## What it checks

The values of `APP_KEY` and `APP_PREVIOUS_KEYS`, where they are shown, in the way Laravel reads
them: `base64:` and the key in base64, or the raw key itself. It must have 32 bytes for
`AES-256-CBC`, which is what Laravel takes where `app.cipher` says nothing.

## Why it matters

Laravel's encrypter refuses a key of another length, and nothing that uses cookies works. A Secret
that was encoded twice, or a raw key with a line break behind it (`echo` without `-n`), is enough.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          envFrom: [{secretRef: {name: shop}}]
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
data:
  APP_KEY: YVJhd0tleU9mVGhpcnR5VHdvQnl0ZXNJbkFzY2lpISEK
  APP_ENV: cHJvZHVjdGlvbg==
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          envFrom: [{secretRef: {name: shop}}]
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
data:
  APP_KEY: YVJhd0tleU9mVGhpcnR5VHdvQnl0ZXNJbkFzY2lpISE=
  APP_ENV: cHJvZHVjdGlvbg==
```

## How to fix

`php artisan key:generate --show` writes a key that fits; take it as it is, with `base64:` in
front.

## Limits

Values that look like placeholders (`REPLACE_ME`, `<key>`, `${APP_KEY}`) are not judged.

## References

- Illuminate/Encryption/EncryptionServiceProvider.php, `parseKey`, and Encrypter.php, `supported`,
  Laravel 13.26.1.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import keys, placeholder
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.core.errors import UsageError
from holdfast.laravel.keys import KEY_BYTES, parse_key, raw_keys
from holdfast.manifests.place import Place


def check(target: Target) -> Iterator[Finding]:
    """Keys that Laravel refuses, each place once."""
    seen: set[Place] = set()
    for process in target.processes():
        settings = process.settings
        cipher = settings.text("app.cipher") or "AES-256-CBC"
        for name, variable, key in _keys(process):
            place = settings.place(name)
            if place in seen or placeholder(key) or not (wrong := _wrong(key, cipher)):
                continue
            seen.add(place)
            yield Finding(
                place,
                f"Every page of {process.name} answers 500: a key in {variable} has {wrong}."
                f"{_why(key)}",
                "php artisan key:generate --show",
                str(process),
            )


def _keys(process: Process) -> Iterator[tuple[str, str, str]]:
    """The setting, the variable and the text of each key that Laravel makes use of."""
    if current := process.settings.text("app.key"):
        yield "app.key", "APP_KEY", current
    for key in (keys(process) or ())[1:]:
        yield "app.previous_keys", "APP_PREVIOUS_KEYS", key


def _wrong(key: str, cipher: str) -> str:
    """What is wrong with its length; empty where nothing is, or the cipher is unknown."""
    if cipher.lower() not in KEY_BYTES:
        return ""
    try:
        raw_keys(key, cipher)
    except UsageError:
        return f"{len(parse_key(key))} bytes, {cipher} needs {KEY_BYTES[cipher.lower()]}"
    return ""


def _why(key: str) -> str:
    return " There are blanks or line breaks around it." if key != key.strip() else ""


RULE = Rule(
    "HF209",
    "key-of-wrong-length",
    "The key does not fit the cipher: every page answers 500",
    Severity.HIGH,
    check,
    gotchas=("KEY-09",),
)
