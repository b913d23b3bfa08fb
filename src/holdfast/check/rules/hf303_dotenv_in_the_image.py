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

`.env*` in `.dockerignore`; where the build needs the file, remove it in the same `RUN`. Give pods
all that they need by ConfigMap and Secret.

## Limits

What wildcards, other images and downloads bring is not known. Where manifests mount a `.env` over
the application, nothing is said.

## References

- vlucas/phpdotenv 5, which Laravel 8 to 13 use: existing variables are not overwritten
  (laravel/framework pull request 18734).
- moby/patternmatcher v0.6.1: how `.dockerignore` is read.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.image.dotenv import Dotenv
from holdfast.check.image.image import Image
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.check.traffic import WEB_SERVER
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
                "COPY public /var/www/html/public: that is all a web server hands out",
                image.file,
            )
            continue
        settings = _settings(image, image.dotenv)
        example = f" ({settings})" if settings else ""
        yield Finding(
            image.dotenv.place,
            f"What a pod's environment does not set is taken from a file{example}: the image holds"
            f" a .env{origin} from its build.",
            "put .env* into .dockerignore, or remove the file in the RUN that makes it",
            image.file,
        )


def _without_php(image: Image) -> bool:
    """Whether it is a web server's alone."""
    return bool(WEB_SERVER.search(image.base.name)) and "php" not in image.base.name


def _settings(image: Image, dotenv: Dotenv) -> str:
    """Settings of the file that matter to sessions and are no secret."""
    data = image.tree.read(dotenv.name) if dotenv.name else None
    try:
        loaded = load(data or b"", {}, dotenv.name)
    except FormatError:
        return ""
    values = {name: getattr(loaded.get(name), "value", None) for name in _SHOWN}
    return ", ".join(f"{name}={value}" for name, value in values.items() if value)


RULE = Rule(
    "HF303",
    "dotenv-in-the-image",
    "A .env is in the image",
    Severity.HIGH,
    check,
    gotchas=("CFG-03",),
)
