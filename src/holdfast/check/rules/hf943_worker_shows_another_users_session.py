"""A worker of FrankenPHP shows one user's PHP session to the next.

## What it checks

An image is built on FrankenPHP before 1.11.2 and runs in worker mode (Octane, or a worker in
`FRANKENPHP_CONFIG`), and the application's code uses PHP's own sessions (`session_start()`,
`$_SESSION`).

## Why it matters

In worker mode `$_SESSION` was not emptied between two requests: code that looks at it before
`session_start()` sees what the user before has left there, and takes one user for another.

## Bad

```dockerfile Dockerfile
FROM dunglas/frankenphp:1.9.1-php8.4
COPY . /app
ENTRYPOINT ["php", "artisan", "octane:start", "--server=frankenphp"]
```
```php app/Http/Controllers/CartController.php
<?php
class CartController
{
    public function show()
    {
        return $_SESSION['cart'] ?? [];
    }
}
```

## Good

```dockerfile Dockerfile
FROM dunglas/frankenphp:1.12.7-php8.4
COPY . /app
ENTRYPOINT ["php", "artisan", "octane:start", "--server=frankenphp"]
```
```php app/Http/Controllers/CartController.php
<?php
class CartController
{
    public function show()
    {
        return session('cart', []);
    }
}
```

## How to fix

A newer FrankenPHP, and Laravel's sessions in the place of PHP's.

## Limits

Tags that leave the version open (`latest`, `1`, `1.11`) are not judged, nor is what packages do.

## References

- Advisory GHSA-r3xh-3r3w-47gp (golang/vulndb issue 4489); php/frankenphp commit 24d6c991, in
  v1.11.2.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.frankenphp import native_sessions, workers
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_MENDED = (1, 11, 2)


def check(target: Target) -> Iterator[Finding]:
    """Old workers of applications with sessions of PHP's."""
    for worker in workers(target):
        open_ = len(worker.version) < len(_MENDED) and worker.version == _MENDED[:2]
        if open_ or worker.version >= _MENDED or (native := native_sessions(target)) is None:
            continue
        version = ".".join(map(str, worker.version))
        yield Finding(
            worker.place,
            f"Users see other users' data: FrankenPHP {version} does not empty $_SESSION between"
            " the requests of a worker, and the application uses it.",
            "take FrankenPHP 1.11.3 or newer, and Laravel's sessions",
            worker.image.file,
            (Related(native, "PHP's own session is used here"),),
        )


RULE = Rule(
    "HF943",
    "worker-shows-another-users-session",
    "A worker of FrankenPHP shows one user's PHP session to the next",
    Severity.CRITICAL,
    check,
    gotchas=("OCT-03",),
)
