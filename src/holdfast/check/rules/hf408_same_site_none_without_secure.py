"""The cookie is for other sites, and not secure: browsers refuse it.

## What it checks

`session.same_site` is `none` and `session.secure` is false.

## Why it matters

Browsers do not take a cookie with `SameSite=None` that is not `Secure`. Each request begins a new
session: nobody can log in, forms answer 419.

## Bad

```dotenv .env
SESSION_SAME_SITE=none
SESSION_SECURE_COOKIE=false
```

## Good

```dotenv .env
SESSION_SAME_SITE=none
SESSION_SECURE_COOKIE=true
```

## How to fix

`SESSION_SECURE_COOKIE=true`; or `SESSION_SAME_SITE=lax`, where the application is not shown in
other sites' frames.

## Limits

Where `secure` is null Laravel goes by the request, which is right where TLS ends at a proxy that
is trusted.

## References

- Chrome Platform Status, «Reject insecure SameSite=None cookies» (Chrome 80); MDN, «Set-Cookie»,
  SameSite.
- draft-ietf-httpbis-rfc6265bis, «Storage Model»: a cookie with SameSite None and without Secure is
  ignored.
- Illuminate/Session/Middleware/StartSession.php, Laravel 13.26.1: `addCookieToResponse`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose cookie no browser takes."""
    for process in target.processes(Role.WEB):
        settings = process.settings
        if settings.text("session.same_site").lower() != "none":
            continue
        if settings.scalar("session.secure") is not False:
            continue
        yield Finding(
            settings.place("session.secure"),
            f"Nobody can log in to {process.app.name}: browsers refuse a cookie with SameSite=None"
            " that is not secure.",
            "SESSION_SECURE_COOKIE=true",
            str(process),
        )


RULE = Rule(
    "HF408",
    "same-site-none-without-secure",
    "The cookie is for other sites, and not secure: browsers refuse it",
    Severity.MEDIUM,
    check,
    gotchas=("CKY-08",),
)
