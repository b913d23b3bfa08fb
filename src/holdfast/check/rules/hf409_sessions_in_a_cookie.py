"""Sessions are kept in a cookie, which holds 4 KB.

## What it checks

The session driver of a web process is `cookie`.

## Why it matters

Browsers keep no cookie whose name and value have more than 4096 bytes. Encryption makes a session
about twice as long: at some 1.5 KB of session the browser drops the cookie without a word. A form
with errors and old input, a cart, a flashed message is then gone, and parallel requests overwrite
each other's changes, since each answer carries the whole session.

## Bad

```dotenv .env
SESSION_DRIVER=cookie
```

## Good

```dotenv .env
SESSION_DRIVER=redis
REDIS_HOST=redis
```

## How to fix

Keep sessions on a server: `SESSION_DRIVER=redis` or `database`.

## Limits

An application that surely keeps next to nothing in its sessions can live with it: say so with an
allowance.

## References

- draft-ietf-httpbis-rfc6265bis, «The Set-Cookie Header Field»: a cookie is ignored whose name and
  value have more than 4096 octets.
- Illuminate/Session/CookieSessionHandler.php, Laravel 13.26.1: JSON of data and expiry, as a
  cookie named by the session's id.
- Illuminate/Encryption/Encrypter.php, 13.26.1: base64 of JSON of base64.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Web processes with sessions in a cookie."""
    for process in target.processes(Role.WEB):
        if process.settings.text("session.driver") == "cookie":
            yield Finding(
                process.settings.place("session.driver"),
                f"Users of {process.app.name} lose carts and form input: sessions are in a cookie,"
                " and browsers drop one of more than 4096 bytes, encryption included.",
                "keep sessions on a server: SESSION_DRIVER=redis",
                str(process),
            )


RULE = Rule(
    "HF409",
    "sessions-in-a-cookie",
    "Sessions are kept in a cookie, which holds 4 KB",
    Severity.HIGH,
    check,
    gotchas=("CKY-09",),
)
