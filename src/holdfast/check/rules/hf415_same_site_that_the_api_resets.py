r"""Sanctum makes the session's cookie SameSite=Lax again with each call of the API.

## What it checks

Sanctum gives the API sessions (`statefulApi()`, `EnsureFrontendRequestsAreStateful`), and
`session.same_site` is `none` or `strict`.

## Why it matters

For requests of the front end Sanctum's middleware sets `session.same_site` to `lax`, and the
answer sets the same cookie anew. An application that is shown in another site's frame has a cookie
that is sent there after a page, and not any more after the first call of the API: the user is
logged out. One that is meant to be `strict` is not.

## Bad

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
SESSION_SAME_SITE=none
SESSION_SECURE_COOKIE=true
```

## Good

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
SESSION_SAME_SITE=lax
SESSION_SECURE_COOKIE=true
```

## How to fix

`SESSION_SAME_SITE=lax`, where front end and API are on one site. For other sites' frames give the
API tokens in place of sessions.

## Limits

A middleware of the application's own that changes the setting back is not looked for.

## References

- laravel/sanctum, Http/Middleware/EnsureFrontendRequestsAreStateful.php, 4.0.1:
  `configureSecureCookieSessions`.
- Illuminate/Session/Middleware/StartSession.php, Laravel 13.26.1: each answer sets the cookie.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import at, middleware_of
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose cookie has another SameSite after a call of the API."""
    for process in target.processes(Role.WEB):
        same_site = process.settings.text("session.same_site").lower()
        middleware = middleware_of(process)
        if same_site not in ("none", "strict") or middleware is None:
            continue
        if middleware.stateful_api is None:
            continue
        effect = (
            "in another site's frame users are logged out by the first call of the API"
            if same_site == "none"
            else "the cookie is sent along from other sites after all"
        )
        yield Finding(
            process.settings.place("session.same_site"),
            f"session.same_site is «{same_site}», and Sanctum makes it «lax» with each call of the"
            f" API: {effect}.",
            "SESSION_SAME_SITE=lax",
            str(process),
            (Related(at(process.app, middleware.stateful_api), "sessions for the API"),),
        )


RULE = Rule(
    "HF415",
    "same-site-that-the-api-resets",
    "Sanctum makes the session's cookie SameSite=Lax again with each call of the API",
    Severity.MEDIUM,
    check,
    gotchas=("CKY-15",),
)
