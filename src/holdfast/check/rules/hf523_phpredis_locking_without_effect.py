"""PHP's own session settings are expected to work for Laravel's sessions.

## What it checks

A PHP or php-fpm configuration that is copied into an image of a Laravel application sets
`redis.session.locking_enabled`.

## Why it matters

Laravel does not use PHP's sessions: its own are read and written without a lock, and these
settings do nothing to them. Who trusts in them finds parallel requests overwriting each other's
carts.

## Bad

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
RUN php artisan storage:link
COPY <<EOF /usr/local/etc/php/conf.d/session.ini
session.save_handler = redis
redis.session.locking_enabled = 1
EOF
```

## Good

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
RUN php artisan storage:link
```

## How to fix

`->block()` at the routes that must not run in parallel, with a cache store that all replicas share
and that has locks.

## Limits

An application that calls `session_start()` beside Laravel has a use for them.

## References

- Illuminate/Session/Store.php, Laravel 13.26.1: it never calls PHP's session functions.
- laravel/framework issue 31405.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_NAMES = frozenset(
    (
        "redis.session.locking_enabled",
        "php_admin_value[redis.session.locking_enabled]",
        "php_admin_flag[redis.session.locking_enabled]",
        "php_value[redis.session.locking_enabled]",
        "php_flag[redis.session.locking_enabled]",
    )
)


def check(target: Target) -> Iterator[Finding]:
    """Settings of PHP's sessions in images of Laravel."""
    for image in target.repository.images:
        if not image.is_laravel:
            continue
        for setting in (*image.php_ini, *image.fpm):
            if setting.name in _NAMES and setting.truth:
                yield Finding(
                    setting.place,
                    "Parallel requests go on overwriting each other's session: this lock is of"
                    " PHP's own sessions, which Laravel does not use.",
                    "->block() at the routes that must not run in parallel",
                    image.file,
                )


RULE = Rule(
    "HF523",
    "phpredis-locking-without-effect",
    "PHP's own session settings are expected to work for Laravel's sessions",
    Severity.LOW,
    check,
    gotchas=("RED-23",),
)
