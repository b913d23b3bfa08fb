"""A worker of FrankenPHP writes PHP's session files without their content.

## What it checks

An image is built on FrankenPHP 1.11.2 and runs in worker mode, and the application's code uses
PHP's own sessions (`session_start()`, `$_SESSION`).

## Why it matters

This version put `session.save_path` and other settings back between two requests, so that the
files of PHP's sessions stayed empty: users were logged out by each page.

## Bad

```dockerfile Dockerfile
FROM dunglas/frankenphp:1.11.2-php8.4
COPY . /app
ENTRYPOINT ["php", "artisan", "octane:start", "--server=frankenphp"]
```
```php app/Legacy/Login.php
<?php
session_start();
```

## Good

```dockerfile Dockerfile
FROM dunglas/frankenphp:1.11.3-php8.4
COPY . /app
ENTRYPOINT ["php", "artisan", "octane:start", "--server=frankenphp"]
```
```php app/Legacy/Login.php
<?php
session_start();
```

## How to fix

FrankenPHP 1.11.3 or newer.

## Limits

Tags that leave the version open are not judged, nor is what packages do.

## References

- php/frankenphp issue 2185; pull request 2217 (commit 681aae60), in v1.11.3.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.frankenphp import native_sessions, workers
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_BROKEN = (1, 11, 2)


def check(target: Target) -> Iterator[Finding]:
    """Workers of that version with sessions of PHP's."""
    for worker in workers(target):
        if worker.version != _BROKEN or (native := native_sessions(target)) is None:
            continue
        yield Finding(
            worker.place,
            "Users are logged out by each page that uses PHP's own session: FrankenPHP 1.11.2"
            " writes its file without content in worker mode.",
            "take FrankenPHP 1.11.3 or newer",
            worker.image.file,
            (Related(native, "PHP's own session is used here"),),
        )


RULE = Rule(
    "HF944",
    "worker-writes-empty-sessions",
    "A worker of FrankenPHP writes PHP's session files without their content",
    Severity.HIGH,
    check,
    gotchas=("OCT-04",),
)
