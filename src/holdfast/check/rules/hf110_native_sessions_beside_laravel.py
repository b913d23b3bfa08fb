r"""Code keeps state in PHP's own sessions, which are files of one pod.

## What it checks

The application's own code calls `session_start()`, and several pods answer. Nothing in the
repository sets `session.save_handler`.

## Why it matters

PHP's own sessions have nothing to do with Laravel's: they are files in the container's `/tmp`,
whatever `SESSION_DRIVER` says. The next request of a user goes to another pod, which does not have
the file: what the legacy code kept is gone.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
```

```php app/Legacy/Cart.php
<?php
namespace App\Legacy;

class Cart
{
    public function add(int $id): void
    {
        session_start();
        $_SESSION['cart'][] = $id;
    }
}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
            - {name: REDIS_HOST, value: redis}
```

```php app/Legacy/Cart.php
<?php
namespace App\Legacy;

class Cart
{
    public function add(int $id): void
    {
        session()->push('cart', $id);
    }
}
```

## How to fix

Keep the state in Laravel's session (`session()->put(...)`). Where the code cannot be changed, give
PHP's own sessions a shared handler too: `session.save_handler = redis` and `session.save_path` in
`php.ini`.

## Limits

Packages in `vendor` are not looked at. An image from elsewhere may set the handler: say so with an
allowance.

## References

- PHP manual, «Session Handling», Runtime Configuration: `session.save_handler` is `files` by
  default.
- Illuminate/Session/Middleware/StartSession.php, Laravel 13.26.1: Laravel makes no use of native
  sessions.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at, with_code
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.code import code
from holdfast.project.directory import Directory

_SETTING = b"session.save_handler"
_SET_IN = ("*.ini", "Dockerfile*", "*/*.ini", "*/*/*.ini", "*/Dockerfile*", "*.conf", "*/*/*.conf")
_MOST = 64 * 1024


def check(target: Target) -> Iterator[Finding]:
    """Calls of ``session_start()`` where several pods answer."""
    for app, directory in with_code(target):
        several = next(
            (
                p
                for p in app.processes
                if p.role is Role.WEB and p.workload and p.workload.scale.several
            ),
            None,
        )
        calls = directory.of(code).called("session_start")
        if several is None or several.workload is None or not calls or _shared(target, directory):
            continue
        scale = several.workload.scale
        for call in calls:
            yield Finding(
                at(app, call.spot),
                "What this code keeps in PHP's own session is lost at random: it is a file of one"
                f" pod, and {scale} answer.",
                "keep it in Laravel's session: session()->put(...)",
                app.name,
                (Related(scale.place, f"{scale}, says {scale.by}"),),
            )


def _shared(target: Target, directory: Directory) -> bool:
    """Whether anything that is there gives PHP's own sessions another handler."""
    if any(_SETTING in data for data in target.files.values()):
        return True
    if directory.of(code).called("session_set_save_handler"):
        return True
    return any(
        path.is_file() and path.stat().st_size < _MOST and _SETTING in path.read_bytes()
        for pattern in _SET_IN
        for path in directory.root.glob(pattern)
    )


RULE = Rule(
    "HF110",
    "native-sessions-beside-laravel",
    "Code keeps state in PHP's own sessions, which are files of one pod",
    Severity.HIGH,
    check,
    gotchas=("STO-10",),
)
