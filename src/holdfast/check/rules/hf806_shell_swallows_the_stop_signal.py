"""The entry point is a shell that does not hand the stop signal on.

## What it checks

The entry point of an image is a shell script that ends with the server in the foreground without
`exec`, and sets no `trap`: the shell stays the container's first process.

## Why it matters

The signal that asks a pod to stop goes to its first process. A shell waits for its child and does
nothing with it, so that the server never hears of it: it works on until the grace period is over
and is killed then, in the midst of requests and session writes. A rollout takes 30 seconds a pod.

## Bad

```dockerfile Dockerfile
FROM php:8.3-fpm
COPY . /var/www/html
COPY <<'EOF' /usr/local/bin/start
#!/bin/sh
php artisan config:cache
php-fpm
EOF
ENTRYPOINT ["start"]
```

## Good

```dockerfile Dockerfile
FROM php:8.3-fpm
COPY . /var/www/html
COPY <<'EOF' /usr/local/bin/start
#!/bin/sh
php artisan config:cache
exec php-fpm
EOF
ENTRYPOINT ["start"]
```

## How to fix

`exec` before the last command.

## Limits

Scripts that are not understood to their end, and what another image brings, are not judged; nor are
images whose start manifests replace by a `command`.

## References

- Linux kill(2): the first process of a PID namespace gets no signal that it has no handler for.
- Docker documentation, Dockerfile reference, ENTRYPOINT: «use exec».
- serversideup/docker-php issue 529.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import started
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.image.image import Image
from holdfast.check.rule import Rule
from holdfast.check.sources.artisan import calls
from holdfast.check.sources.command import Command
from holdfast.check.target import Target

_SERVERS = frozenset((
    "php-fpm", "nginx", "apache2-foreground", "apachectl", "httpd", "supervisord", "frankenphp",
    "caddy", "rr",
))  # fmt: skip
_ARTISAN = frozenset((
    "serve", "octane:start", "horizon", "queue:work", "queue:listen", "reverb:start",
    "schedule:work", "websockets:serve",
))  # fmt: skip
_REAPERS = frozenset(("tini", "dumb-init", "catatonit"))


def check(target: Target) -> Iterator[Finding]:
    """Entry points without exec."""
    for image in started(target):
        last = image.start.shell
        entrypoint = image.final.entrypoint or image.final.cmd
        if last is None or entrypoint is None or _reaped(image):
            continue
        if not _serves(last):
            continue
        yield Finding(
            last.place,
            "Pods of this image do not stop when they are asked to, and are killed in the midst of"
            f" requests: the shell that runs {last.name} stays the first process, and hands no"
            " signal on.",
            f"exec {last.words[0].text}",
            image.file,
            (Related(entrypoint.place, "this starts the script"),),
        )


def _serves(command: Command) -> bool:
    if command.name == "php":
        artisan = next(iter(calls([command])), None)
        return artisan is not None and artisan.name in _ARTISAN
    return command.name in _SERVERS or command.name.startswith("php-fpm")


def _reaped(image: Image) -> bool:
    words = image.final.entrypoint.words if image.final.entrypoint else None
    return bool(words) and words is not None and words[0].rpartition("/")[2] in _REAPERS


RULE = Rule(
    "HF806",
    "shell-swallows-the-stop-signal",
    "The entry point is a shell that does not hand the stop signal on",
    Severity.MEDIUM,
    check,
    gotchas=("ROL-06",),
)
