"""A web server caches answers together with the cookies in them.

## What it checks

nginx caches what Laravel answers (`fastcgi_cache`, `proxy_cache`) and is told to do so even where
the answer sets a cookie (`fastcgi_ignore_headers Set-Cookie`), and neither the cache's key nor a
condition looks at the user's cookie.

## Why it matters

Laravel sets the session cookie in each answer. Whoever asks for the same page next is given the
cached answer and with it the session of the first user: users become other users, in their
accounts, with their carts.

## Bad

```nginx docker/nginx.conf
server {
    listen 8080;
    location = /index.php {
        fastcgi_pass 127.0.0.1:9000;
        fastcgi_cache pages;
        fastcgi_cache_valid 200 1m;
        fastcgi_ignore_headers Cache-Control Expires Set-Cookie;
    }
}
```

## Good

```nginx docker/nginx.conf
server {
    listen 8080;
    location = /index.php {
        fastcgi_pass 127.0.0.1:9000;
        fastcgi_cache pages;
        fastcgi_cache_valid 200 1m;
    }
}
```

## How to fix

Take `Set-Cookie` out of the ignored headers: nginx then does not cache such answers. Serve pages
that are to be cached from routes without the `web` middleware.

## Limits

Caches with `fastcgi_no_cache`, `fastcgi_cache_bypass`, a hidden `Set-Cookie` or a cookie in their
key are not judged, nor are locations of static files. CDNs are not seen.

## References

- nginx, ngx_http_fastcgi_module and ngx_http_proxy_module: «If the header includes the Set-Cookie
  field, such a response will not be cached», unless `fastcgi_ignore_headers` says otherwise.
- Illuminate/Session/Middleware/StartSession.php, Laravel 13.26.1: each answer sets the cookie.
- laravel/framework issue 20579: a micro-cache swapped identities.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.servers import in_effect, servers
from holdfast.check.sources.nginx import Directive, walk
from holdfast.check.target import Target

_CACHES = re.compile(r"(fastcgi|proxy|uwsgi|scgi)_cache")
_STATIC = re.compile(r"\bcss\b|\bjs\b|\bpng\b|\bjpe?g\b|\bwoff2?\b|assets|static|storage")


def check(target: Target) -> Iterator[Finding]:
    """Caches that keep cookies."""
    for server in servers(target):
        for directive, above in walk(server.directives):
            if not _CACHES.fullmatch(directive.name) or directive.arguments[:1] == ("off",):
                continue
            ignoring = _keeps_cookies(directive, above, server.directives)
            if ignoring is None:
                continue
            yield Finding(
                ignoring.place,
                "Users get other users' sessions: nginx caches an answer together with the session"
                f" cookie in it ({directive.name} {' '.join(directive.arguments)}, with Set-Cookie"
                " among the headers that it ignores).",
                f"take Set-Cookie out of {ignoring.name}",
                server.subject,
                (Related(directive.place, "the cache"),),
            )


def _keeps_cookies(
    cache: Directive, above: tuple[Directive, ...], beside: tuple[Directive, ...]
) -> Directive | None:
    """What has the cache keep them; None where something stands in the way."""
    kind = cache.name.partition("_")[0]
    for name in ("no_cache", "cache_bypass"):
        if in_effect(f"{kind}_{name}", above, beside):
            return None
    for key in in_effect(f"{kind}_cache_key", above, beside):
        if "cookie" in " ".join(key.arguments):
            return None
    for hidden in in_effect(f"{kind}_hide_header", above, beside):
        if _names_cookie(hidden):
            return None
    locations = [block for block in above if block.name == "location"]
    if any(_STATIC.search(" ".join(location.arguments)) for location in locations):
        return None
    ignored = in_effect(f"{kind}_ignore_headers", above, beside)
    return next((each for each in ignored if _names_cookie(each)), None)


def _names_cookie(directive: Directive) -> bool:
    return any(argument.lower() == "set-cookie" for argument in directive.arguments)


RULE = Rule(
    "HF412",
    "answers-cached-with-their-cookie",
    "A web server caches answers together with the cookies in them",
    Severity.CRITICAL,
    check,
    gotchas=("CKY-12",),
)
