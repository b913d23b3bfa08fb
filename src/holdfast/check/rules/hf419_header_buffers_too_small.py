"""nginx takes no answer whose cookies are as large as this session's.

## What it checks

The session driver is `cookie`, and an nginx in front of php-fpm has the default for
`fastcgi_buffer_size`, one page of memory (4 KiB).

## Why it matters

With this driver the whole session is in a cookie of the answer, beside the session's id and the
CSRF token, all encrypted: about half as large again. When the cart has grown, the header is longer
than the buffer, and nginx answers 502 («upstream sent too big header») until the user clears the
browser's cookies.

## Bad

```nginx docker/nginx.conf
server {
    location = /index.php {
        fastcgi_pass 127.0.0.1:9000;
    }
}
```
```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: cookie}, {name: APP_ENV, value: production}]
```

## Good

```nginx docker/nginx.conf
server {
    location = /index.php {
        fastcgi_pass 127.0.0.1:9000;
        fastcgi_buffer_size 32k;
        fastcgi_buffers 8 32k;
    }
}
```
```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env: [{name: SESSION_DRIVER, value: cookie}, {name: APP_ENV, value: production}]
```

## How to fix

Keep sessions in a store (`SESSION_DRIVER=redis`): browsers take no cookie above 4 KB either. Or
`fastcgi_buffer_size 32k; fastcgi_buffers 8 32k;`.

## Limits

Buffers of an Ingress are not compared.

## References

- nginx, ngx_http_fastcgi_module: `fastcgi_buffer_size` is 4k or 8k by default.
- Illuminate/Session/CookieSessionHandler.php, Laravel 13.26.1: the payload is a cookie.
- inertiajs/inertia-laravel issue 529.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.servers import in_effect, servers
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.sources.nginx import walk
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Sessions in cookies behind small buffers."""
    web = [p for p in target.processes(Role.WEB) if p.settings.text("session.driver") == "cookie"]
    if not web:
        return
    driver = web[0].settings.place("session.driver")
    for server in servers(target):
        for directive, above in walk(server.directives):
            if directive.name != "fastcgi_pass":
                continue
            if in_effect("fastcgi_buffer_size", above, server.directives):
                continue
            yield Finding(
                directive.place,
                f"Users of {web[0]} get 502 once their session has grown: it is in a cookie, and"
                " nginx takes no header above 4 KiB from php-fpm.",
                "fastcgi_buffer_size 32k; fastcgi_buffers 8 32k; or SESSION_DRIVER=redis",
                server.subject,
                (Related(driver, "session.driver is «cookie»"),),
            )


RULE = Rule(
    "HF419",
    "header-buffers-too-small",
    "nginx takes no answer whose cookies are as large as this session's",
    Severity.HIGH,
    check,
    gotchas=("CKY-10",),
)
