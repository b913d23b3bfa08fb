r"""A singleton keeps one request, with its session and user, for all later ones.

## What it checks

The project has Octane. A class is bound as a singleton, its constructor asks for the request, the
session, the guard or the user, and a service provider has it made while the application boots (a
parameter of `boot`), or `octane.warm` names it.

## Why it matters

Under Octane a process serves many requests. What is made while it boots is kept for all of them:
this object goes on with the request that was there then, and with its session and its user. It
reads somebody else's input or none, and writes to a session that nobody has any more.

## Bad

```json composer.json
{"require": {"laravel/framework": "*", "laravel/octane": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"},
  {"name": "laravel/octane", "version": "v2.12.0"}
]}
```

```php app/Services/Cart.php
<?php
namespace App\Services;

use Illuminate\Http\Request;

class Cart
{
    public function __construct(private Request $request)
    {
    }
}
```

```php app/Providers/CartProvider.php
<?php
namespace App\Providers;

use App\Services\Cart;
use Illuminate\Support\ServiceProvider;

class CartProvider extends ServiceProvider
{
    public function register(): void
    {
        $this->app->singleton(Cart::class);
    }

    public function boot(Cart $cart): void
    {
    }
}
```

## Good

```json composer.json
{"require": {"laravel/framework": "*", "laravel/octane": "*"}}
```

```json composer.lock
{"packages": [
  {"name": "laravel/framework", "version": "v12.45.1"},
  {"name": "laravel/octane", "version": "v2.12.0"}
]}
```

```php app/Services/Cart.php
<?php
namespace App\Services;

use Illuminate\Http\Request;

class Cart
{
    public function __construct(private Request $request)
    {
    }
}
```

```php app/Providers/CartProvider.php
<?php
namespace App\Providers;

use App\Services\Cart;
use Illuminate\Support\ServiceProvider;

class CartProvider extends ServiceProvider
{
    public function register(): void
    {
        $this->app->singleton(Cart::class);
    }

    public function boot(): void
    {
    }
}
```

## How to fix

Bind it with `scoped()` or `bind()`, and do not ask for it in `boot`. Or give it what it needs with
each call.

## Limits

A singleton that a request makes first lives in that request's copy of the application, and is not
meant. What `make()` or `resolve()` makes in a provider is not looked for.

## References

- Laravel 13 documentation, «Laravel Octane», Dependency Injection and Octane.
- laravel/octane, ApplicationFactory.php and Worker.php, 2.3.6: the application boots with a request
  made for it (`SetRequestForConsole`); each request is handled by a clone.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at, with_code
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.packages import packages
from holdfast.project.singletons import booted, singletons
from holdfast.project.values import Array, Known


def check(target: Target) -> Iterator[Finding]:
    """Singletons that are made at boot with something of one request."""
    for app, directory in with_code(target):
        octane = directory.of(packages).get("laravel/octane")
        if octane is None or octane.dev:
            continue
        made = directory.of(booted)
        for found in directory.of(singletons):
            at_boot = made.get(found.name.lower())
            if at_boot is None and not _warmed(app.processes, found.name):
                continue
            related = [Related(at(app, found.bound), "bound as a singleton")]
            if at_boot is not None:
                related.append(Related(at(app, at_boot), "made while the application boots"))
            yield Finding(
                at(app, found.spot),
                f"Under Octane {found.name} never has the user's own request, session or login: it"
                f" is made once, when a worker of {app.name} starts, with what is there then.",
                "$this->app->scoped(...), and do not ask for it in boot()",
                app.name,
                tuple(related),
            )


def _warmed(processes: list[Process], name: str) -> bool:
    for process in processes:
        warm = process.settings.get("octane.warm")
        if isinstance(warm, Known) and isinstance(warm.value, Array):
            names = [v.value for v in warm.value.items.values() if isinstance(v, Known)]
            if name in names:
                return True
    return False


RULE = Rule(
    "HF941",
    "singleton-that-keeps-a-request",
    "A singleton keeps one request, with its session and user, for all later ones",
    Severity.HIGH,
    check,
    gotchas=("OCT-01",),
)
