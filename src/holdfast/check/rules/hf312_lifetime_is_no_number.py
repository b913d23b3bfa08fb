"""Sessions last no time at all, or pages answer 500: the lifetime is no number of minutes.

## What it checks

`SESSION_LIFETIME` (`session.lifetime`) is 0, negative, or not a whole number: `2h`, `120m`.

## Why it matters

With 0 the cookie is over when it is set: nobody stays logged in, and no form is accepted. Laravel
11 and later read `2h` as 2 minutes and `true` as 1; earlier ones end each request with an error.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: SESSION_LIFETIME, value: 2h}]
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: redis}, {name: SESSION_LIFETIME, value: "120"}]
```

## How to fix

A number of minutes. For cookies that end with the browser, `SESSION_EXPIRE_ON_CLOSE=true`.

## Limits

None.

## References

- Illuminate/Session/Middleware/StartSession.php, `getCookieExpirationDate`, Laravel 13.26.1.
- laravel/framework 13.26.1, config/session.php: `(int) env('SESSION_LIFETIME', 120)`.
- Measured with Laravel 8.83 and that line: 0 sets the cookie with `Max-Age=0`, `2h` with
  `Max-Age=120`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_MINUTES: Final = re.compile(r"\s*\+?[0-9]{1,9}\s*")


def check(target: Target) -> Iterator[Finding]:
    """Lifetimes that are none, each place once."""
    seen: set[Place] = set()
    for process in target.processes(Role.WEB):
        place = process.settings.place("session.lifetime")
        if place in seen:
            continue
        if why := _wrong(process):
            seen.add(place)
            yield Finding(
                place,
                f"Nobody stays logged in at {process.name} for the time that was meant: {why}.",
                'SESSION_LIFETIME: "120"',
                str(process),
            )


def _wrong(process: Process) -> str:
    env = process.settings.env
    written = env.value("SESSION_LIFETIME") if env is not None else None
    if written and not _MINUTES.fullmatch(written):
        return f"SESSION_LIFETIME is «{written[:40]}», which is no number of minutes"
    minutes = process.settings.scalar("session.lifetime")
    if isinstance(minutes, str) and _MINUTES.fullmatch(minutes):
        minutes = int(minutes)
    if isinstance(minutes, int) and not isinstance(minutes, bool) and minutes <= 0:
        return f"session.lifetime is {minutes} minutes, so that the cookie is over when it is set"
    return ""


RULE = Rule(
    "HF312",
    "lifetime-is-no-number",
    "Sessions last no time at all, or pages answer 500: the lifetime is no number of minutes",
    Severity.MEDIUM,
    check,
    gotchas=("CFG-12",),
)
