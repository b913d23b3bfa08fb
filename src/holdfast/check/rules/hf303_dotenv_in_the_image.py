"""A .env is in the image.

## What it checks

The image that a Dockerfile builds holds a `.env`: `COPY` takes it along (it is there, and no line
of `.dockerignore` keeps it out), or `RUN` makes it, as of `.env.example`.

## Why it matters

The pod's environment wins, but what it does not set is taken from the file: a developer's
`SESSION_DRIVER=file`, `APP_DEBUG=true` or `CACHE_DRIVER=array` comes to life in production as soon
as a variable is forgotten, without a word. What is secret in the file is in the image for all who
may pull it.

## Bad

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
RUN cp .env.example .env && composer install --no-dev && php artisan storage:link
```

## Good

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
RUN composer install --no-dev && php artisan storage:link
```

## How to fix

`.env` in `.dockerignore` where a directory is copied; a `COPY` that names it goes. What is made in
a `RUN` and needed there (`key:generate`) is removed at the end of the same `RUN`. Give pods all
that they need by ConfigMap and Secret.

## Limits

What wildcards, other images and downloads bring is not known. Where manifests mount a `.env` over
the application, nothing is said.

## References

- vlucas/phpdotenv 5, which Laravel 8 to 13 use: existing variables are not overwritten
  (laravel/framework pull request 18734).
- moby/patternmatcher v0.6.1: how `.dockerignore` is read.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from holdfast.check.facts.traffic import WEB_SERVER
from holdfast.check.finding import Finding, Severity
from holdfast.check.image.dotenv import Dotenv
from holdfast.check.image.image import Image
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.core.errors import FormatError
from holdfast.project.dotenv import load

_SHOWN = ("SESSION_DRIVER", "CACHE_STORE", "CACHE_DRIVER", "APP_DEBUG", "APP_URL")


def check(target: Target) -> Iterator[Finding]:
    """Laravel images with a .env."""
    if any(
        mount.path.endswith("/.env") or ".env" in mount.sub_path
        for workload in target.workloads
        for container in workload.containers
        for mount in container.mounts()
    ):
        return
    for image in target.repository.images:
        if image.dotenv is None or not image.is_laravel:
            continue
        origin = f", made of {image.dotenv.origin}," if image.dotenv.origin else ""
        if _without_php(image):
            yield Finding(
                image.dotenv.place,
                "Whoever can pull the image of the web server can read the application's secrets:"
                f" it holds a .env{origin} from its build, and no PHP that would need it.",
                "copy the directory public alone: that is all a web server hands out",
                image.file,
            )
            continue
        settings = _settings(image, image.dotenv, _set_by_all(target))
        taken = f": {settings}" if settings else ""
        yield Finding(
            image.dotenv.place,
            f"Users get the settings of a build wherever a pod's environment sets none{taken}. The"
            f" image holds a .env{origin} from its build.",
            _hint(image, image.dotenv),
            image.file,
        )


def _without_php(image: Image) -> bool:
    """Whether it is a web server's alone."""
    return bool(WEB_SERVER.search(image.base.name)) and "php" not in image.base.name


def _hint(image: Image, dotenv: Dotenv) -> str:
    """What keeps the file out without breaking the build."""
    copy = next((c for c in image.final.copies if c.instruction.place == dotenv.place), None)
    if copy is None:
        return (
            "take out what makes it, and what of the build needs it (key:generate); or make it,"
            " use it and rm it in one RUN"
        )
    named = [posixpath.basename(value.text or "") for value in copy.sources]
    if copy.origin is not None or any(name.startswith(".env") for name in named):
        return "take this COPY out, and what of the build needs the file (key:generate)"
    ignored = posixpath.relpath(dotenv.name, image.context or ".")
    return f"put {ignored} into .dockerignore"


def _set_by_all(target: Target) -> frozenset[str]:
    """Variables that every process of Laravel's is surely given, or may be given."""
    envs = [process.container.env for process in target.processes() if process.container]
    if any(env.more for env in envs):
        return frozenset(_SHOWN)
    names = [frozenset(env) for env in envs]
    return frozenset.intersection(*names) if names else frozenset()


def _settings(image: Image, dotenv: Dotenv, given: frozenset[str]) -> str:
    """Settings of the file that matter to sessions, are no secret and come into effect."""
    data = image.tree.read(dotenv.name) if dotenv.name else None
    try:
        loaded = load(data or b"", {}, dotenv.name)
    except FormatError:
        return ""
    values = {name: getattr(loaded.get(name), "value", None) for name in _SHOWN}
    return ", ".join(f"{n}={value}" for n, value in values.items() if value and n not in given)


RULE = Rule(
    "HF303",
    "dotenv-in-the-image",
    "A .env is in the image",
    Severity.HIGH,
    check,
    gotchas=("CFG-03",),
)
