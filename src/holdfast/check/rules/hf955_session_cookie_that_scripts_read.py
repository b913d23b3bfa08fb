"""Scripts can read the session's cookie.

## What it checks

`session.http_only` is false.

## Why it matters

Any script that gets into a page (an advertisement, a package of the front end, a comment that is
not escaped) reads the cookie and takes over the session. Nothing of Laravel needs it: forms and
Axios use the cookie `XSRF-TOKEN`.

## Bad

```dotenv .env
SESSION_HTTP_ONLY=false
```

## Good

```dotenv .env
SESSION_HTTP_ONLY=true
```

## How to fix

`SESSION_HTTP_ONLY=true`, or leave it out: it is the default.

## Limits

Sanctum sets it to true for requests of an API with sessions.

## References

- RFC 6265, section 4.1.2.6.
- Illuminate/Session/Middleware/StartSession.php, Laravel 13.26.1: `addCookieToResponse`.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose cookie is open to scripts."""
    for process in target.processes(Role.WEB):
        if process.settings.scalar("session.http_only") is False:
            yield Finding(
                process.settings.place("session.http_only"),
                f"Any script on a page of {process.app.name} can take over the user's session: its"
                " cookie is not HttpOnly.",
                "SESSION_HTTP_ONLY=true",
                str(process),
            )


RULE = Rule(
    "HF955",
    "session-cookie-that-scripts-read",
    "Scripts can read the session's cookie",
    Severity.MEDIUM,
    check,
    gotchas=("SEC-05",),
)
