r"""A rotated key logs users out in spite of APP_PREVIOUS_KEYS.

## What it checks

`APP_PREVIOUS_KEYS` is in use, Laravel is 12.45 or newer, and the application has the middleware
`AuthenticateSession` (`auth.session`, `authenticateSessions()`).

## Why it matters

With this middleware a session holds a fingerprint of the user's password, so that a new password
ends all other sessions. Since 12.45 the fingerprint is made with the current `APP_KEY`, and
previous keys are not tried: after the rotation it does not match, the session is emptied and the
user is logged out. Remember-me cookies fail the same way.

## Bad

```json composer.json
{"require": {"laravel/framework": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"}
]}
```

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withMiddleware(function (Middleware $middleware): void {
        $middleware->authenticateSessions();
    })->create();
```

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
            - name: APP_PREVIOUS_KEYS
              valueFrom: {secretKeyRef: {name: shop, key: APP_PREVIOUS_KEYS}}
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData:
  APP_KEY: base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
  APP_PREVIOUS_KEYS: base64:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=
```

## Good

```json composer.json
{"require": {"laravel/framework": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"}
]}
```

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withMiddleware(function (Middleware $middleware): void {

    })->create();
```

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
            - name: APP_PREVIOUS_KEYS
              valueFrom: {secretKeyRef: {name: shop, key: APP_PREVIOUS_KEYS}}
---
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData:
  APP_KEY: base64:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=
  APP_PREVIOUS_KEYS: base64:ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=
```

## How to fix

There is no setting that avoids it. Rotate the key at an hour when it hurts least, and tell users
that they will have to log in again.

## Limits

Middleware that packages (Jetstream, Filament) add by code of their own is seen only where the
application's own code names it.

## References

- Illuminate/Auth/SessionGuard.php, Laravel 12.45.0 to 13.26.1: `hashPasswordForCookie` (PR 58107).
- Illuminate/Auth/AuthManager.php, 13.26.1: `hashKey` is `app.key`.
- Illuminate/Session/Middleware/AuthenticateSession.php, 13.26.1: `validatePasswordHash` compares
  with the fingerprint and with the bare hash, with no previous key.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at, middleware_of
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place
from holdfast.project.values import Array, Known


def check(target: Target) -> Iterator[Finding]:
    """Processes in a rotation that AuthenticateSession does not survive, each place once."""
    seen: set[Place] = set()
    for process in target.processes():
        project = process.settings.project
        keys = process.settings.get("app.previous_keys")
        if project is None or project.release.minor is None or project.release.before(12, 45):
            continue
        if not isinstance(keys, Known) or not isinstance(keys.value, Array) or not keys.value.items:
            continue
        middleware = middleware_of(process)
        used = middleware.authenticates_sessions if middleware else None
        first = next(iter(keys.value.items.values()))
        spot = first.source.uses or keys.source.uses if isinstance(first, Known) else ()
        place = (
            process.settings.spot(spot[0].place)
            if spot
            else process.settings.place("app.previous_keys")
        )
        if used is None or place in seen:
            continue
        seen.add(place)
        yield Finding(
            place,
            f"Rotating APP_KEY logs out all users of {process.app.name}, previous keys or not:"
            f" AuthenticateSession compares a fingerprint that Laravel {project.release} makes with"
            " the current key alone.",
            "rotate when it hurts least; no setting avoids it",
            str(process),
            (Related(at(process.app, used), "AuthenticateSession is in use"),),
        )


RULE = Rule(
    "HF207",
    "rotation-ends-authenticated-sessions",
    "A rotated key logs users out in spite of APP_PREVIOUS_KEYS",
    Severity.HIGH,
    check,
    gotchas=("KEY-07",),
)
