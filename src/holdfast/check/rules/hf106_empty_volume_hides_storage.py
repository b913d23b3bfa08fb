"""An empty volume hides the directories that Laravel writes its views and sessions to.

## What it checks

An `emptyDir` is mounted at the application's `storage` or `storage/framework`, nothing makes the
directories below it (no init container has the volume, no other mount brings them), and the
container starts a program directly (by its `command`, or by the Dockerfile among the files), so
that no entrypoint can make them either.

## Why it matters

The directories `framework/views` and `framework/sessions` are in the image, and the volume lies
over them. Laravel makes neither: the first page with a view answers 500, «Please provide a valid
cache path», and sessions in files cannot be written.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [php-fpm]
          env: [{name: SESSION_DRIVER, value: file}]
          volumeMounts: [{name: storage, mountPath: /var/www/html/storage}]
      volumes: [{name: storage, emptyDir: {}}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          command: [php-fpm]
          env: [{name: SESSION_DRIVER, value: redis}]
          volumeMounts: [{name: views, mountPath: /var/www/html/storage/framework/views}]
      volumes: [{name: views, emptyDir: {}}]
```

## How to fix

Mount the volumes one level deeper, where Laravel writes: `storage/framework/views`,
`storage/framework/cache`, `storage/logs`. Or make the directories in an init container.

## Limits

Where an entrypoint runs that is not among the files, it may make them; without the Dockerfile the
configuration may have been cached while they were there, and Laravel then makes that of the views
itself: only `--strict` speaks of these.

## References

- laravel/framework 13.26.1, config/view.php: `compiled` is the real path of `framework/views`,
  false where it is not there; Illuminate/View/Compilers/Compiler.php refuses that.
- Kubernetes documentation, «Volumes», emptyDir: initially empty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.commands import at_build, at_start
from holdfast.check.facts.storage import FILE_DRIVERS, PER_POD, kept
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.image.base import PHP_FPM
from holdfast.check.kubernetes.objects import items, text
from holdfast.check.kubernetes.workload import Container, Mount
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_VIEWS: Final = "storage/framework/views"
_CACHES: Final = ("config:cache", "optimize")
_PROGRAMS: Final = re.compile(rf"(?:\S*/)?(?:php|{PHP_FPM.pattern}|frankenphp|rr|nginx|caddy)")


def check(target: Target) -> Iterator[Finding]:
    """Web containers whose views' directory is hidden by an empty volume."""
    for process in target.processes(Role.WEB):
        container = process.container
        if container is None or "VIEW_COMPILED_PATH" in container.env:
            continue
        found = kept(container, _VIEWS)
        mount = found.mount if found else None
        if mount is None or mount.volume.kind not in PER_POD or mount.path.endswith("/views"):
            continue
        if mount.sub_path or _filled(container, mount):
            continue
        direct = _starts_directly(container, target) and _is_missed(process, target)
        yield Finding(
            mount.place,
            f"Pages of {container.workload.name} answer 500: the empty volume {mount.volume.name}"
            f" hides the directories below {mount.path}"
            + (", and nothing makes them." if direct else ", unless the image makes them."),
            f"mountPath: {mount.path.partition('storage')[0]}{_VIEWS}",
            str(process),
            (Related(mount.volume.place, f"the volume {mount.volume.name}"),),
            unknown=not direct,
        )


def _filled(container: Container, mount: Mount) -> bool:
    """Whether somebody else in the pod may make the directories."""
    workload = container.workload
    others = (
        other.volume.name
        for c in (*workload.init_containers, *workload.containers)
        if c.path != container.path
        for other in c.mounts()
    )
    return mount.volume.name in others or bool(container.get("lifecycle", "postStart"))


def _is_missed(process: Process, target: Target) -> bool:
    """Whether Laravel surely fails without the directories."""
    if process.settings.text("session.driver") in FILE_DRIVERS:
        return True
    directory = process.app.directory
    own = directory.read("config/view.php") if directory else None
    # Where the configuration was cached while they were there, Laravel makes that of the views.
    cached = any(call.name in _CACHES for call in (*at_build(target), *at_start(target)))
    return bool(target.repository.images) and not cached and (own is None or b"realpath" in own)


def _starts_directly(container: Container, target: Target) -> bool:
    """Whether a program is started at once, and no script before it."""
    command = [text(word) for word in items(container.body, "command")]
    if command:
        return _PROGRAMS.fullmatch(command[0]) is not None
    starts = [image.start for image in target.repository.images if image.is_laravel]
    return bool(starts) and all(
        start.complete
        and _PROGRAMS.fullmatch(start.program)
        and all(_PROGRAMS.fullmatch(c.words[0].value or "") for c in start.commands)
        for start in starts
    )


RULE = Rule(
    "HF106",
    "empty-volume-hides-storage",
    "An empty volume hides the directories that Laravel writes its views and sessions to",
    Severity.HIGH,
    check,
    gotchas=("STO-06",),
)
