r"""«Log out other devices» logs nobody out.

## What it checks

The application calls `logoutOtherDevices()`, and nothing of its code names the middleware
`AuthenticateSession` (`auth.session`, `authenticateSessions()`).

## Why it matters

`logoutOtherDevices` writes the user's password anew, no more. It is the middleware that notices
the change in other sessions and ends them; without it they all stay open. A user who has lost a
telephone is told that it was logged out, and it was not.

## Bad

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withMiddleware(function (Middleware $middleware): void {

    })->create();
```

```php app/Http/Controllers/DeviceController.php
<?php
namespace App\Http\Controllers;

use Illuminate\Support\Facades\Auth;

class DeviceController
{
    public function destroy($request)
    {
        Auth::logoutOtherDevices($request->password);
    }
}
```

## Good

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withMiddleware(function (Middleware $middleware): void {
        $middleware->authenticateSessions();
    })->create();
```

```php app/Http/Controllers/DeviceController.php
<?php
namespace App\Http\Controllers;

use Illuminate\Support\Facades\Auth;

class DeviceController
{
    public function destroy($request)
    {
        Auth::logoutOtherDevices($request->password);
    }
}
```

## How to fix

`$middleware->authenticateSessions()` in `bootstrap/app.php` (Laravel 11 and later), or
`AuthenticateSession` in the group `web` of the kernel.

## Limits

Nothing is said where a package may add the middleware (Jetstream, Filament, Nova), or where code
cannot be read.

## References

- Illuminate/Auth/SessionGuard.php, Laravel 13.26.1: `logoutOtherDevices` writes a new hash of the
  password.
- Illuminate/Session/Middleware/AuthenticateSession.php, 13.26.1: `handle` compares the hashes.
- Laravel 13 documentation, «Authentication», Invalidating Sessions on Other Devices.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.facts.application import at, with_code
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import App, Target
from holdfast.project.code import code, files
from holdfast.project.directory import Directory
from holdfast.project.packages import packages

_MIDDLEWARE: Final = re.compile(rb"AuthenticateSession|auth\.session|auth_session|ateSessions")
_ADDED_BY: Final = ("laravel/jetstream", "filament/filament", "laravel/nova")


def check(target: Target) -> Iterator[Finding]:
    """Calls of ``logoutOtherDevices`` without what makes it work."""
    for app, directory in with_code(target):
        found = directory.of(code)
        calls = found.called("Auth::logoutOtherDevices", "->logoutOtherDevices")
        installed = directory.of(packages)
        if not calls or not found.complete or not installed.locked:
            continue
        if any(installed.get(name) for name in _ADDED_BY) or directory.of(_named):
            continue
        for call in calls:
            yield Finding(
                at(app, call.spot),
                f"Other devices of a user of {app.name} stay logged in: without the middleware"
                " AuthenticateSession nothing ends their sessions.",
                _hint(app),
                app.name,
            )


def _named(directory: Directory) -> bool:
    """Whether the application's code or configuration names the middleware."""
    configured = [f"config/{path.name}" for path in directory.root.glob("config/*.php")]
    return any(directory.has(name, _MIDDLEWARE) for name in (*directory.of(files), *configured))


def _hint(app: App) -> str:
    project = next((process.settings.project for process in app.processes), None)
    if project is not None and project.release.major < 11:
        return "Illuminate\\Session\\Middleware\\AuthenticateSession in the group web of the Kernel"
    return "$middleware->authenticateSessions() in bootstrap/app.php"


RULE = Rule(
    "HF957",
    "other-devices-stay-logged-in",
    "«Log out other devices» logs nobody out",
    Severity.HIGH,
    check,
    gotchas=("SEC-07",),
)
