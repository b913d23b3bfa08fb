"""php-fpm gives its requests no time to end.

## What it checks

The first process of an image is php-fpm, from the official `php` image or a distribution's package,
and nothing in the Dockerfile or in what it copies sets `process_control_timeout`, which is 0 then;
or it is set to 0. The same where a container is started with a configuration out of a ConfigMap
(`php-fpm --fpm-config FILE`) that does not set it.

## Why it matters

Asked to stop gracefully (SIGQUIT), php-fpm tells its children to finish, waits
`process_control_timeout`, and ends those that are not done with SIGTERM. With 0 it does not wait at
all: requests are cut off at each rollout although the signal is right.

## Bad

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
RUN php artisan storage:link
```

## Good

```dockerfile Dockerfile
FROM php:8.3-fpm
WORKDIR /var/www/html
COPY . .
RUN php artisan storage:link
COPY <<EOF /usr/local/etc/php-fpm.d/zz-stop.conf
[global]
process_control_timeout = 20s
EOF
```

## How to fix

`process_control_timeout = 20s` in the section `[global]`: as long as your longest request, and
shorter than the pod's `terminationGracePeriodSeconds`.

## Limits

Images that copy php-fpm's configuration by wildcards, or from places that are not known, are not
judged; nor are deployments that mount some, or whose web containers have a `preStop` hook. A
configuration that includes others is not judged.

## References

- PHP 8.3, sapi/fpm/fpm/fpm_process_ctl.c, `fpm_pctl_action_next`: what is sent, after how long.
- PHP manual, php-fpm configuration: `process_control_timeout` is 0 by default.
- docker-library/php, commit 445bf414: its configuration does not set it.
- uselagoon/lagoon-images issue 444; api-platform/api-platform issue 1997.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import drained, started
from holdfast.check.facts.traffic import serves
from holdfast.check.finding import Finding, Severity
from holdfast.check.image.base import PHP_FPM, published
from holdfast.check.image.image import Image
from holdfast.check.kubernetes.objects import get
from holdfast.check.kubernetes.stores.mounted import files_of
from holdfast.check.kubernetes.stores.redis_conf import File
from holdfast.check.kubernetes.workload import Container
from holdfast.check.rule import Rule
from holdfast.check.sources.ini import last, php_settings
from holdfast.check.target import Target
from holdfast.manifests.text import Text
from holdfast.manifests.unreadable import Unreadable

_NAME = "process_control_timeout"
_MESSAGE = (
    "Requests that are being answered when a pod stops are cut off, and their session writes are"
    " lost: php-fpm waits 0 seconds for them (process_control_timeout)."
)
_HINT = "process_control_timeout = 20s in [global], below terminationGracePeriodSeconds"


def check(target: Target) -> Iterator[Finding]:
    """Containers and images whose php-fpm waits for nothing."""
    yield from _told_by_manifests(target)
    if _mounted(target) or drained(target):
        return
    for image in started(target):
        if not PHP_FPM.fullmatch(image.start.program) or not image.is_laravel:
            continue
        if image.stop_signal is None or image.stop_signal[0] != "QUIT":
            continue  # HF801 has it
        said = last(image.fpm, _NAME)
        if said is not None:
            if said.seconds != 0:
                continue
        elif image.mentions(_NAME) or not _all_is_known(image):
            continue
        yield Finding(
            said.place if said else image.start.place or image.base.place,
            _MESSAGE,
            _HINT,
            image.file,
        )


def _told_by_manifests(target: Target) -> Iterator[Finding]:
    """Containers whose whole configuration of php-fpm is in a ConfigMap."""
    for workload in target.workloads:
        if not serves(workload):
            continue
        for container in workload.containers:
            file = _configuration(container)
            if file is None:
                continue
            text, place = file
            settings = php_settings(Text.at(text, place))
            if isinstance(settings, Unreadable) or last(settings, "include") is not None:
                continue
            said = last(settings, _NAME)
            if said is None or said.seconds == 0:
                yield Finding(place, _MESSAGE, _HINT, str(workload))


def _configuration(container: Container) -> File | None:
    """The file that php-fpm is told to read in place of its own, where a ConfigMap has it."""
    command = container.command
    if not command or not PHP_FPM.fullmatch(command[0]):
        return None
    for at, word in enumerate(command[1:], start=1):
        option, sign, value = word.partition("=")
        if option in ("-y", "--fpm-config"):
            path = value if sign else next(iter(command[at + 1 :]), "")
            return files_of(container)(path) if path else None
    return None


def _all_is_known(image: Image) -> bool:
    """Whether no configuration can have come in by a way that is not followed."""
    base = published(image.base)
    if base is None or base.entrypoint is None or image.context is None:
        return False
    brought = {id(file.copy.instruction) for file in image.files.values()}
    return all(
        id(copy.instruction) in brought or "fpm" not in copy.instruction.arguments.string
        for copy in image.final.copies
    )


def _mounted(target: Target) -> bool:
    return any(
        "fpm" in mount.path
        for workload in target.workloads
        for container in workload.containers
        for mount in container.mounts()
    ) or any(_NAME in str(get(config.body, "data")) for config in target.objects.of("ConfigMap"))


RULE = Rule(
    "HF802",
    "php-fpm-waits-for-no-request",
    "php-fpm gives its requests no time to end",
    Severity.HIGH,
    check,
    gotchas=("ROL-02",),
)
