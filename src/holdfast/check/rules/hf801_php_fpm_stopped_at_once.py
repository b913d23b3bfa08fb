"""php-fpm is asked to end by a signal at which it drops its requests.

## What it checks

The first process of an image is php-fpm, and the signal that the image is stopped with is not
SIGQUIT: `STOPSIGNAL` says otherwise, or the base image is a distribution's and nothing says it; or
supervisord runs php-fpm without `stopsignal=QUIT`.

## Why it matters

SIGTERM ends php-fpm at once, with the requests that it works on: they answer 502, and what they
were about to write into the session is lost. SIGQUIT lets them end first. So each rollout, each
scale-down and each drained node costs some users what they just did.

## Bad

```dockerfile Dockerfile
FROM debian:12
RUN apt-get update && apt-get install -y php8.2-fpm
COPY . /var/www/html
CMD ["php-fpm8.2", "-F"]
```

## Good

```dockerfile Dockerfile
FROM debian:12
RUN apt-get update && apt-get install -y php8.2-fpm
COPY . /var/www/html
STOPSIGNAL SIGQUIT
CMD ["php-fpm8.2", "-F"]
```

## How to fix

`STOPSIGNAL SIGQUIT` in the Dockerfile (the fpm variants of the official `php` image have it);
under supervisord `stopsignal=QUIT` in php-fpm's program.

## Limits

Images whose base is not known are not judged. Where a manifest has `lifecycle.stopSignal`, or web
containers have a `preStop` hook, which lets most requests end before, nothing is said.

## References

- php-fpm(8), PHP 8.3, sapi/fpm/php-fpm.8.in: «SIGINT, SIGTERM: immediate termination; SIGQUIT:
  graceful stop».
- docker-library/php, commit e21810a0 (April 2019): STOPSIGNAL SIGQUIT in the fpm variants.
- supervisor 4.2, configuration, `stopsignal`: TERM by default.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import drained, quits, started
from holdfast.check.finding import Finding, Severity
from holdfast.check.image.base import PHP_FPM
from holdfast.check.image.image import Image
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Images whose php-fpm is not stopped gracefully."""
    if quits(target) or drained(target):
        return
    for image in started(target):
        yield from _direct(image)
        if image.start.program == "supervisord":
            yield from _supervised(image)


def _direct(image: Image) -> Iterator[Finding]:
    stop = image.stop_signal
    if stop is None or stop[0] == "QUIT" or not PHP_FPM.fullmatch(image.start.program):
        return
    signal, place = stop
    yield Finding(
        place,
        "Requests that are being answered when a pod stops are cut off, and their session writes"
        f" are lost: this image is stopped with SIG{signal}, at which php-fpm ends at once.",
        "STOPSIGNAL SIGQUIT",
        image.file,
    )


def _supervised(image: Image) -> Iterator[Finding]:
    for program in image.supervisor:
        names = [command.name for command in program.command.commands if command.depth == 0]
        if program.stop_signal in {"QUIT", ""} or not any(map(PHP_FPM.fullmatch, names)):
            continue
        yield Finding(
            program.place,
            "Requests that are being answered when a pod stops are cut off, and their session"
            f" writes are lost: supervisord stops php-fpm with {program.stop_signal}, at which it"
            " ends at once.",
            "stopsignal=QUIT",
            image.file,
        )


RULE = Rule(
    "HF801",
    "php-fpm-stopped-at-once",
    "php-fpm is asked to end by a signal at which it drops its requests",
    Severity.HIGH,
    check,
    gotchas=("ROL-01",),
)
