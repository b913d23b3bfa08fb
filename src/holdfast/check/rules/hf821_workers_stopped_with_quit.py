"""A worker is stopped with a signal that it does not know.

## What it checks

What an image runs is Horizon, Octane or Reverb, and it is stopped with SIGQUIT, as a rule because
its base is an fpm variant, which brings that. Or a container runs one of them, and its `preStop`
hook sends it SIGQUIT (`kill -QUIT 1`).

## Why it matters

These three listen to SIGTERM, not to SIGQUIT. They work on until the grace period is over and are
killed then: jobs break off in the middle, Octane's requests are cut off with their session writes,
Reverb's connections are not closed.

## Bad

```dockerfile Dockerfile
FROM php:8.3-fpm
COPY . /var/www/html
CMD ["php", "artisan", "horizon"]
```

## Good

```dockerfile Dockerfile
FROM php:8.3-fpm
COPY . /var/www/html
STOPSIGNAL SIGTERM
CMD ["php", "artisan", "horizon"]
```

## How to fix

`STOPSIGNAL SIGTERM` in the image (or build stage) that runs them, or a base of a cli variant.

## Limits

Of a container whose command a manifest says, only the hook is judged: which image it runs in is not
known. Where a manifest has
`lifecycle.stopSignal`, nothing is said. `queue:work` and `schedule:work` know SIGQUIT.

## References

- laravel/horizon 5.29, src/ListensForSignals.php: SIGTERM, SIGUSR1, SIGUSR2, SIGCONT.
- laravel/octane 2.3, src/Commands/Concerns/InteractsWithServers.php: SIGINT, SIGTERM, SIGHUP.
- laravel/reverb, src/Servers/Reverb/Console/Commands/StartServer.php, commit 05e507c8: SIGINT,
  SIGTERM, SIGTSTP.
- Illuminate/Queue/Worker.php, Laravel 13.26.1: SIGQUIT, SIGTERM, SIGINT.
- docker-library/php, commit 445bf414; serversideup/docker-php v4.3.5: STOPSIGNAL SIGQUIT.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.check.facts.commands import quits, started
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.image.image import Image
from holdfast.check.kubernetes.objects import items, text
from holdfast.check.rule import Rule
from holdfast.check.sources import shell
from holdfast.check.sources.artisan import calls
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_QUIT = {"-QUIT", "-SIGQUIT", "-3", "QUIT", "SIGQUIT"}
_DEAF = {"horizon": "Horizon", "octane:start": "Octane", "reverb:start": "Reverb"}


def check(target: Target) -> Iterator[Finding]:
    """Workers that are stopped with SIGQUIT, by their image or by a hook."""
    yield from _by_hooks(target)
    if quits(target):
        return
    for image in started(target):
        stop, program = image.stop_signal, _program(image)
        if stop is None or stop[0] != "QUIT" or program is None or image.start.place is None:
            continue
        yield Finding(
            image.start.place,
            f"{program} does not stop when its pod is asked to, and is killed in the midst of its"
            " work: this image is stopped with SIGQUIT, which it does not listen to.",
            "STOPSIGNAL SIGTERM",
            image.file,
            (Related(stop[1], "this brings SIGQUIT"),),
        )


def _by_hooks(target: Target) -> Iterator[Finding]:
    for process in target.processes():
        container = process.container
        if container is None or process.workload is None:
            continue
        at = container.at("command")
        program = _deaf(container.command, at)
        told = container.get("lifecycle", "preStop", "exec", "command")
        hook = [text(word) for word in items(told)]
        if program is None or not _quits(hook, container.at("lifecycle", "preStop")):
            continue
        yield Finding(
            container.at("lifecycle", "preStop"),
            f"{program} does not stop when its pod is asked to, and is killed in the midst of its"
            " work: this hook sends SIGQUIT, which it does not listen to.",
            "kill -TERM 1",
            str(process.workload),
        )


def _quits(hook: Sequence[str], place: Place) -> bool:
    """Whether a hook sends SIGQUIT to the first process of its container."""
    for command in shell.of_words(list(hook), place).commands:
        words = [word.value for word in command.words]
        if command.name == "kill" and words[-1:] == ["1"] and _QUIT & set(words):
            return True
    return False


def _program(image: Image) -> str | None:
    words, place = image.start.process, image.start.place
    if words is None or place is None:
        return None
    return _deaf(words, place)


def _deaf(words: Sequence[str], place: Place) -> str | None:
    for call in calls(shell.of_words(list(words), place).commands):
        return _DEAF.get(call.name or "")
    return None


RULE = Rule(
    "HF821",
    "workers-stopped-with-quit",
    "A worker is stopped with a signal that it does not know",
    Severity.HIGH,
    check,
    gotchas=("ROL-21",),
)
