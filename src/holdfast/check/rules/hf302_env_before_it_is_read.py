r"""The middleware is configured by a variable of .env, which is read later.

## What it checks

`withMiddleware` in `bootstrap/app.php` asks `env()` for a variable that is in `.env` and not in
the environment of the process.

## Why it matters

The function runs while the HTTP kernel is made, and that is before `.env` is read: `env()` gives
its default, or null. Proxies that are named in `.env` are not trusted, so that links and redirects
go to `http://`, the cookie is not secure and forms answer 419. Artisan reads `.env` earlier: there
all looks right.

## Bad

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withMiddleware(function (Middleware $middleware): void {
        $middleware->trustProxies(at: env('TRUSTED_PROXIES'));
    })->create();
```

```dotenv .env
TRUSTED_PROXIES=10.0.0.0/8
```

## Good

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withMiddleware(function (Middleware $middleware): void {

    })->create();
```

```php config/trustedproxy.php
<?php
return ['proxies' => env('TRUSTED_PROXIES')];
```

```dotenv .env
TRUSTED_PROXIES=10.0.0.0/8
```

## How to fix

Ask in a configuration file: for proxies `config/trustedproxy.php` with `'proxies' =>
env('TRUSTED_PROXIES')`, without `trustProxies(at: ...)`. Or set the variable in the environment of
the process.

## Limits

A variable that no manifest and no `.env` sets is taken for one that is not used.

## References

- Illuminate/Foundation/Application.php, Laravel 13.26.1: `handleRequest` makes the kernel, then
  has it handle the request.
- Illuminate/Foundation/Configuration/ApplicationBuilder.php, 13.26.1: `withMiddleware` runs after
  the kernel is resolved.
- Illuminate/Foundation/Http/Kernel.php, 13.26.1: `.env` is read by `bootstrap`, in `handle`.
- Illuminate/Http/Middleware/TrustProxies.php, 13.26.1: `config('trustedproxy.proxies')`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at, middleware_of
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.dotenv import Loaded
from holdfast.project.values import Known


def check(target: Target) -> Iterator[Finding]:
    """``env()`` in ``withMiddleware`` for what only ``.env`` sets."""
    for process in target.processes(Role.WEB):
        project, middleware = process.settings.project, middleware_of(process)
        if project is None or middleware is None:
            continue
        for call in middleware.env_calls:
            asked = call.argument(0, "key")
            name = str(asked.value) if isinstance(asked, Known) else ""
            loaded = project.environment.loaded.get(name)
            if not isinstance(loaded, Loaded) or project.environment.process.get(name) is not None:
                continue
            place = process.settings.spot(f"{project.environment.file}:{loaded.line}")
            yield Finding(
                at(process.app, call.spot),
                f"{name} has no effect here: withMiddleware runs before {project.environment.file}"
                " is read, and env() gives its default.",
                f"ask in a file of config/, or set {name} in the environment of the process",
                str(process),
                (Related(place, "it is set here"),),
            )


RULE = Rule(
    "HF302",
    "env-before-it-is-read",
    "The middleware is configured by a variable of .env, which is read later",
    Severity.HIGH,
    check,
    gotchas=("CFG-02",),
)
