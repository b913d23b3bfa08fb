r"""A stateful domain of Sanctum can match no front end.

## What it checks

Sanctum gives an API sessions (`statefulApi()`, `EnsureFrontendRequestsAreStateful`), and an entry
of `sanctum.stateful` has a scheme (`https://`) or a slash in it.

## Why it matters

Sanctum takes the scheme off the request's `Referer` or `Origin` and compares what is left with
each entry. One with a scheme never matches: requests of that front end are taken for stateless
ones. The user has a valid session, and the API answers 401 or 419.

## Bad

```json composer.json
{"require": {"laravel/framework": "*", "laravel/sanctum": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"},
  {"name": "laravel/sanctum", "version": "v4.2.0"}
]}
```

```php config/sanctum.php
<?php
return ['stateful' => explode(',', env('SANCTUM_STATEFUL_DOMAINS', 'localhost')),
'guard' => ['web']];
```

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withMiddleware(function (Middleware $middleware): void {
        $middleware->statefulApi();
    })->create();
```

```dotenv .env
SANCTUM_STATEFUL_DOMAINS=https://app.example.com
```

## Good

```json composer.json
{"require": {"laravel/framework": "*", "laravel/sanctum": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"},
  {"name": "laravel/sanctum", "version": "v4.2.0"}
]}
```

```php config/sanctum.php
<?php
return ['stateful' => explode(',', env('SANCTUM_STATEFUL_DOMAINS', 'localhost')),
'guard' => ['web']];
```

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withMiddleware(function (Middleware $middleware): void {
        $middleware->statefulApi();
    })->create();
```

```dotenv .env
SANCTUM_STATEFUL_DOMAINS=app.example.com
```

## How to fix

Host and, if it is not the usual one, port:
`SANCTUM_STATEFUL_DOMAINS=app.example.com,localhost:3000`.

## Limits

Whether the other entries are the front end's hosts is not known.

## References

- laravel/sanctum, Http/Middleware/EnsureFrontendRequestsAreStateful.php, 4.0.1: `fromFrontend`
  compares with `entry/*`.
- Laravel 13 documentation, «Laravel Sanctum», Configuring Your First-Party Domains.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import middleware_of
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.values import Array, Known


def check(target: Target) -> Iterator[Finding]:
    """Stateful domains that match nothing."""
    for process in target.processes(Role.WEB):
        middleware = middleware_of(process)
        stateful = process.settings.get("sanctum.stateful")
        if middleware is None or middleware.stateful_api is None:
            continue
        if not isinstance(stateful, Known) or not isinstance(stateful.value, Array):
            continue
        for entry in stateful.value.items.values():
            if not isinstance(entry, Known) or not isinstance(entry.value, str):
                continue
            if "/" not in entry.value:
                continue
            host = entry.value.partition("://")[2].rstrip("/") or entry.value.rstrip("/")
            source = entry.source.uses or stateful.source.uses
            place = source[0].place if source else entry.source.places[0]
            yield Finding(
                process.settings.spot(place),
                f"Users of {entry.value} get 401 or 419 from the API though they are logged in:"
                " Sanctum compares hosts without a scheme, and this entry matches none.",
                f"{host.partition('/')[0]} alone",
                str(process),
            )


RULE = Rule(
    "HF414",
    "stateful-domain-with-a-scheme",
    "A stateful domain of Sanctum can match no front end",
    Severity.HIGH,
    check,
    gotchas=("CKY-14",),
)
