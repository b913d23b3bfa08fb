"""A cache in nginx keeps pages with the session cookie of whoever came first.

## What it checks

An nginx configuration that serves Laravel (a snippet of its Ingress, a ConfigMap of its pods, a
file of the repository) caches responses and ignores the header `Set-Cookie` for it, without
leaving users with a cookie out.

## Why it matters

nginx does not cache what sets a cookie, and Laravel sets one on every page. `ignore_headers
Set-Cookie` switches that protection off: the first user's page is kept with the cookie, and
everyone who comes after gets both. They are that user: they see the orders, and can pay.

## Bad

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/configuration-snippet: |
      proxy_cache pages;
      proxy_ignore_headers Cache-Control Set-Cookie;
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## Good

```yaml deploy.yaml
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 3
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec:
      containers:
        - name: php
          image: registry.example.com/shop:1.4.2
          env:
            - {name: APP_KEY, valueFrom: {secretKeyRef: {name: shop, key: APP_KEY}}}
            - {name: SESSION_DRIVER, value: redis}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations:
    nginx.ingress.kubernetes.io/configuration-snippet: |
      proxy_cache pages;
      proxy_ignore_headers Cache-Control;
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## How to fix

Take `Set-Cookie` out of `..._ignore_headers`. Cache assets and pages without a session alone:
routes outside of the group `web`, with a location of their own.

## Limits

Caches that are told to pass users with a cookie by (`..._cache_bypass`, `..._no_cache`, a cookie
in the key) are left alone. Varnish and CDNs are not seen.

## References

- nginx, ngx_http_proxy_module, `proxy_cache_valid` and `proxy_ignore_headers`: a response with
  Set-Cookie is not cached unless the header is ignored.
- Illuminate/Session/Middleware/StartSession.php, Laravel 12.x, `addCookieToResponse`.
- laravel/framework #20579: a micro-cache that gave users each other's identities.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.web_server import configurations, every_page
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.rule import Rule
from holdfast.check.sources.nginx import Directive, walk
from holdfast.check.target import Target

Placed = tuple[Directive, tuple[Directive, ...]]


def check(target: Target) -> Iterator[Finding]:
    """Caches that ignore Set-Cookie."""
    for configuration in configurations(target):
        directives = list(walk(configuration.directives))
        for ignoring, above in directives:
            kind = ignoring.name.removesuffix("_ignore_headers")
            if kind not in ("proxy", "fastcgi") or kind == ignoring.name:
                continue
            if "set-cookie" not in map(str.lower, ignoring.arguments) or not every_page(above):
                continue
            caching = _cache(kind, above, directives)
            if caching is not None:
                yield Finding(
                    ignoring.place,
                    "Users become each other: nginx caches pages of the application, and by"
                    f" {ignoring.name} also those with a session cookie, which everyone gets who"
                    " comes after.",
                    f"take Set-Cookie out of {ignoring.name}"
                    if len(ignoring.arguments) > 1
                    # nginx refuses the directive without an argument.
                    else f"take {ignoring.name} out",
                    configuration.subject,
                    (Related(caching.place, "what caches them"),),
                )


def _cache(kind: str, above: tuple[Directive, ...], directives: list[Placed]) -> Directive | None:
    """What caches there, unless users with a cookie are passed by."""
    here = [directive for directive, blocks in directives if _together(blocks, above)]
    spares = (f"{kind}_no_cache", f"{kind}_cache_bypass")
    if any(
        d.name in spares
        or (d.name == f"{kind}_cache_key" and "cookie" in " ".join(d.arguments).lower())
        or (d.name == f"{kind}_hide_header" and "set-cookie" in map(str.lower, d.arguments))
        for d in here
    ):
        return None
    caching = [d for d in here if d.name == f"{kind}_cache" and d.arguments != ("off",)]
    return caching[0] if caching and not _off(kind, here) else None


def _off(kind: str, here: list[Directive]) -> bool:
    return any(d.name == f"{kind}_cache" and d.arguments == ("off",) for d in here)


def _together(one: tuple[Directive, ...], other: tuple[Directive, ...]) -> bool:
    """Whether what stands in these blocks can count for one request."""
    return all(mine is theirs for mine, theirs in zip(one, other, strict=False))


RULE = Rule(
    "HF412",
    "cache-hands-out-session-cookies",
    "A cache in nginx keeps pages with the session cookie of whoever came first",
    Severity.CRITICAL,
    check,
    gotchas=("CKY-12",),
)
