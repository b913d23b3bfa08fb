"""A new key is made when a container starts or an image is built.

## What it checks

`php artisan key:generate` is run in what starts a container (entry point, command, `postStart`,
init container, supervisord) or while an image is built, and nothing gives the container an
`APP_KEY`.

## Why it matters

Cookies are encrypted with the key. Pods with keys of their own cannot read each other's cookies:
the user is logged out whenever another pod answers, silently, and the next cookie takes the place
of the good one. With a key that is made by the build, everyone is logged out by each rollout. What
is encrypted in the database is lost for good.

## Bad

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
COPY <<'EOF' /usr/local/bin/start
#!/bin/sh
cp .env.example .env
php artisan key:generate --force
exec "$@"
EOF
ENTRYPOINT ["start"]
CMD ["php-fpm"]
```

## Good

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
COPY <<'EOF' /usr/local/bin/start
#!/bin/sh
: "${APP_KEY:?set it from a Secret}"
exec "$@"
EOF
ENTRYPOINT ["start"]
CMD ["php-fpm"]
```

## How to fix

Make one key, `php artisan key:generate --show`, put it into a Secret and give it to every
workload of the application as `APP_KEY`. Take the call out.

## Limits

A call that runs under a condition (`if [ -z "$APP_KEY" ]`) is shown with `--strict` only. Where
manifests give every Laravel container an `APP_KEY`, the call has no effect, and is not shown.

## References

- Illuminate/Foundation/Console/KeyGenerateCommand.php, Laravel 8.83.27 and 13.26.1: the key is
  written into `.env`, below the environment.
- koel/koel issue 1781; anonaddy/docker issue 49.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import Call, When, at_build, at_start
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.workload import Container
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Calls of key:generate that decide the key."""
    for call in (*at_start(target), *at_build(target)):
        if call.name != "key:generate" or call.artisan.has("--show"):
            continue
        if call.container is not None:
            given = any(map(_has_key, call.container.workload.containers))
        else:
            given = _all_have_keys(target) or (
                call.image is not None and "APP_KEY" in call.image.final.env
            )
        if given or (call.when is When.BUILD and not _stays(call)):
            continue
        yield Finding(
            call.place,
            _message(call),
            "make one key (php artisan key:generate --show), keep it in a Secret, give it to every"
            " workload as APP_KEY, and take key:generate out",
            call.subject,
            unknown=call.conditional,
        )


def _message(call: Call) -> str:
    if call.when is When.BUILD:
        return (
            "Everyone is logged out by each rollout: key:generate makes another APP_KEY with each"
            " build of this image, unless the pod is given one."
        )
    return (
        "Users are logged out whenever another pod answers: key:generate makes an APP_KEY of its"
        " own in each container that starts, unless the pod is given one."
    )


def _stays(call: Call) -> bool:
    """Whether the file that the key is written to is there in the end."""
    return call.image is not None and call.image.dotenv is not None


def _has_key(container: Container) -> bool:
    return "APP_KEY" in container.env or bool(container.env.more)


def _all_have_keys(target: Target) -> bool:
    containers = [p.container for p in target.processes() if p.container is not None]
    return bool(containers) and all(map(_has_key, containers))


RULE = Rule(
    "HF202",
    "key-made-at-start",
    "A new key is made when a container starts or an image is built",
    Severity.CRITICAL,
    check,
    gotchas=("KEY-02",),
)
