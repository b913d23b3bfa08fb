"""The upgrade to Laravel 13 will rename the sessions: everybody is logged out.

## What it checks

An application on Laravel 11 or 12 leaves the name of the session cookie, or the prefixes of its
sessions in Redis, to the framework's own defaults: it has no `config/session.php`
(`config/database.php`, `config/cache.php`) and does not set `SESSION_COOKIE` (`REDIS_PREFIX`,
`CACHE_PREFIX`).

## Why it matters

Laravel 13 makes these names in another way: `my_shop_database_` becomes `my-shop-database-`, and
the cookie of «MyShop» `my_shop_session` in place of `myshop_session`. After the upgrade no cookie
and no key is found; and while old and new pods run side by side, users are thrown from one state
to the other.

## Bad

```php config/app.php
<?php
return ['name' => env('APP_NAME', 'MyShop')];
```

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: APP_NAME, value: MyShop}, {name: SESSION_DRIVER, value: database}]
```

## Good

```php config/app.php
<?php
return ['name' => env('APP_NAME', 'MyShop')];
```

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_NAME, value: MyShop}
            - {name: SESSION_DRIVER, value: database}
            - {name: SESSION_COOKIE, value: myshop_session}
```

## How to fix

Pin the names as they are now, before the upgrade: `SESSION_COOKIE`, `REDIS_PREFIX`,
`CACHE_PREFIX`.

## Limits

Applications with configuration files of their own keep their names, and are left alone.

## References

- laravel/framework 12.67.0 and 13.26.1, config/session.php, config/cache.php, config/database.php.
- Laravel 13.x documentation, upgrade guide: cache prefixes and session cookie names.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.laravel.names import snake
from holdfast.manifests.place import Place
from holdfast.project.values import Known, Unknown

_FRAMEWORKS = ("Laravel ", "vendor/laravel/framework/")
_PREFIXES = ("database.redis.options.prefix", "cache.prefix")


def check(target: Target) -> Iterator[Finding]:
    """Applications whose names an upgrade changes, each once."""
    for app in target.apps:
        for process in app.processes:
            if process.role is not Role.WEB:
                continue
            if change := _cookie(process) or _prefix(process):
                yield Finding(
                    Place(f"{app.prefix}composer.json"),
                    f"The upgrade to Laravel 13 logs everybody out: {change}.",
                    "pin the names of today before: SESSION_COOKIE, REDIS_PREFIX and CACHE_PREFIX",
                    app.name,
                )
                break


def _cookie(process: Process) -> str:
    """What becomes of the cookie's name; empty where it stays or cannot be told."""
    project = process.settings.project
    now = process.settings.get("session.cookie")
    if project is None or not isinstance(now, Known) or not _of_framework(process, now):
        return ""
    named = project.environment.env("APP_NAME")
    if isinstance(named, Unknown):
        return ""
    then = f"{snake(str(named[0]) if named else 'laravel')}_session"
    return "" if then == now.value else f"the cookie «{now.value}» will be called «{then}»"


def _prefix(process: Process) -> str:
    if process.settings.text("session.driver") != "redis":
        return ""
    for name in _PREFIXES:
        now = process.settings.get(name)
        if isinstance(now, Known) and _of_framework(process, now):
            then = str(now.value).replace("_", "-")
            if then != now.value:
                return f"{name} «{now.value}» will be «{then}»"
    return ""


def _of_framework(process: Process, value: Known) -> bool:
    """Whether a value of Laravel 11 or 12 is the framework's own, and no variable's."""
    project = process.settings.project
    return (
        project is not None
        and project.release.major in (11, 12)
        and not value.source.direct
        and value.source.places[0].startswith(_FRAMEWORKS)
    )


RULE = Rule(
    "HF307",
    "names-change-with-laravel-13",
    "The upgrade to Laravel 13 will rename the sessions: everybody is logged out",
    Severity.MEDIUM,
    check,
    gotchas=("CFG-07",),
)
