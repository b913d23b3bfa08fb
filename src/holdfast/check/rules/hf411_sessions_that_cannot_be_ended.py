"""Sessions are kept in a cookie: the server cannot end one.

## What it checks

The session driver of a web process is `cookie`.

## Why it matters

All there is of a session is in the browser. A logout deletes the browser's copy; a copy that was
taken before (a shared computer, a proxy's log, malware) opens the account until its time is over,
and a new password does not end it. Nothing that anybody does on the server can.

## Bad

```dotenv .env
SESSION_DRIVER=cookie
```

## Good

```dotenv .env
SESSION_DRIVER=database
DB_CONNECTION=mysql
```

## How to fix

Keep sessions on a server: `SESSION_DRIVER=redis` or `database`.

## Limits

With the middleware `AuthenticateSession` a new password does end other sessions: then nothing is
said.

## References

- Illuminate/Session/CookieSessionHandler.php, Laravel 13.26.1: `destroy` makes a cookie that
  deletes it; `read` looks at the expiry alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import middleware_of
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes whose sessions are where no server reaches them."""
    for process in target.processes(Role.WEB):
        if process.settings.text("session.driver") != "cookie":
            continue
        middleware = middleware_of(process)
        if middleware is not None and middleware.authenticates_sessions is not None:
            continue
        lifetime = process.settings.scalar("session.lifetime")
        minutes = f" for {lifetime} minutes" if lifetime else ""
        yield Finding(
            process.settings.place("session.driver"),
            f"A stolen session of {process.app.name} stays open after the logout{minutes}: it is in"
            " a cookie, and the server keeps nothing that could be ended.",
            "keep sessions on a server: SESSION_DRIVER=redis or database",
            str(process),
        )


RULE = Rule(
    "HF411",
    "sessions-that-cannot-be-ended",
    "Sessions are kept in a cookie: the server cannot end one",
    Severity.MEDIUM,
    check,
    gotchas=("CKY-11",),
)
