"""Session cookies are written down where they do not belong.

## What it checks

An access log of nginx has the users' cookies in its format (`$http_cookie`, `$http_authorization`,
`$sent_http_set_cookie`, `$cookie_...` of the session), or Laravel runs with `APP_DEBUG=true` while
`APP_ENV` is `production`.

## Why it matters

A session cookie is as good as a password until it ends. Logs are read by many and kept for long:
each of their lines lets its reader be that user. The page of an error in debug mode shows request,
cookies and environment to whoever has caused it.

## Bad

```nginx docker/nginx.conf
http {
    log_format shop '$remote_addr "$request" $status "$http_cookie"';
    access_log /dev/stdout shop;
}
```

## Good

```nginx docker/nginx.conf
http {
    log_format shop '$remote_addr "$request" $status $request_id';
    access_log /dev/stdout shop;
}
```

## How to fix

Log `$request_id` and hand it on to Laravel, so that a request is found again without its cookie.
`APP_DEBUG=false` in production.

## Limits

A format that no `access_log` names is not judged. Logs of other edges are not seen.

## References

- nginx, ngx_http_core_module, «Embedded Variables»; ngx_http_log_module.
- Laravel 13, configuration, «Debug Mode»: in production it is to be false.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.check.facts.servers import servers
from holdfast.check.finding import Finding, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.sources.nginx import walk
from holdfast.check.target import Target

_SECRET = re.compile(
    r"\$(?:http_cookie|http_authorization|sent_http_set_cookie|upstream_http_set_cookie"
    r"|cookie_\w*session\w*)\b"
)


def check(target: Target) -> Iterator[Finding]:
    """Log formats with cookies, and debug mode in production."""
    for server in servers(target):
        used = {
            directive.arguments[1]
            for directive, _ in walk(server.directives)
            if directive.name == "access_log" and len(directive.arguments) > 1
        }
        for directive, _ in walk(server.directives):
            if directive.name != "log_format" or not directive.arguments:
                continue
            written = _SECRET.search(" ".join(directive.arguments[1:]))
            if written is None or directive.arguments[0] not in used:
                continue
            yield Finding(
                directive.place,
                f"Who can read the access log can be any user: {written[0]} is in its format.",
                "log $request_id in its place",
                server.subject,
            )
    for process in target.processes(Role.WEB):
        settings = process.settings
        if process.container is None or settings.scalar("app.debug") is not True:
            continue
        if settings.text("app.env") == "production":
            yield Finding(
                settings.place("app.debug"),
                "Each error shows its request, cookies and environment to whoever causes it:"
                " app.debug is true in production.",
                "APP_DEBUG=false",
                str(process),
            )


RULE = Rule(
    "HF954",
    "cookies-in-logs",
    "Session cookies are written down where they do not belong",
    Severity.HIGH,
    check,
    gotchas=("SEC-04",),
)
