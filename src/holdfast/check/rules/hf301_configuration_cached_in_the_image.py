"""The configuration is cached while the image is built.

## What it checks

A Dockerfile runs `php artisan config:cache` or `php artisan optimize` in what becomes the image,
nothing clears that cache later, and nothing caches anew when a container starts.

## Why it matters

With a cached configuration Laravel does not look at the environment any more: what `env()` gave
while the image was built holds in every pod. `SESSION_DRIVER`, `REDIS_HOST` and `APP_KEY` of your
ConfigMap and Secret are without effect; as a rule each pod keeps its sessions in files of its own,
with the key of the build machine or with none. On one machine all looks well.

## Bad

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
RUN composer install --no-dev && php artisan config:cache
```

## Good

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
RUN composer install --no-dev && php artisan route:cache && php artisan view:cache
COPY <<'EOF' /usr/local/bin/start
#!/bin/sh
set -e
php artisan config:cache
exec "$@"
EOF
ENTRYPOINT ["start"]
CMD ["php-fpm"]
```

## How to fix

Leave it out of the Dockerfile, and run it when the container starts, where its environment is
there: in the entry point, before `exec`.

## Limits

Where a base image's own entry point is not known, only `--strict` says so. A command that runs
under a condition is not judged.

## References

- Illuminate/Foundation/Bootstrap/LoadEnvironmentVariables.php, Laravel 8.83.27 and 13.26.1:
  `bootstrap` returns at once where the configuration is cached.
- Illuminate/Foundation/Console/OptimizeCommand.php, 8.83.27 and 13.26.1: it runs `config:cache`.
- laravel/framework issue 23502; railwayapp/railpack issue 552.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import Call, at_build, at_start
from holdfast.check.finding import Finding, Severity
from holdfast.check.image.image import Image
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_CACHES = frozenset(("config:cache", "optimize"))
_CLEARS = frozenset(("config:clear", "optimize:clear"))


def check(target: Target) -> Iterator[Finding]:
    """Images whose configuration is that of the build."""
    calls = list(at_build(target))
    started = [call for call in at_start(target) if call.name in _CACHES | _CLEARS]
    for image in target.repository.images:
        call = _cached([call for call in calls if call.image is image])
        if call is None or _automated(target, image):
            continue
        if any(other.image in (None, image) for other in started):
            continue
        yield Finding(
            call.place,
            f"What pods of this image are given in their environment is ignored: {call.name} has"
            " written down the configuration while the image was built, session driver, hosts and"
            " key included.",
            "take it out of the Dockerfile and run it when the container starts, before exec",
            image.file,
            unknown=not image.start.complete,
        )


def _cached(calls: list[Call]) -> Call | None:
    """The call whose cache is there in the end."""
    found = None
    for call in calls:
        if call.name in _CACHES and not call.conditional:
            found = call
        elif call.name in _CLEARS:
            found = None
    return found


def _automated(target: Target, image: Image) -> bool:
    """Whether the images of serversideup may cache anew at each start."""
    switches = [image.final.env.get("AUTORUN_ENABLED")]
    return any(value is not None for value in switches) or any(
        "AUTORUN_ENABLED" in container.env
        for workload in target.workloads
        for container in workload.containers
    )


RULE = Rule(
    "HF301",
    "configuration-cached-in-the-image",
    "The configuration is cached while the image is built",
    Severity.CRITICAL,
    check,
    gotchas=("CFG-01", "CFG-14"),
)
