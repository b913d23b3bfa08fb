r"""TLS ends at the edge, and Laravel believes no proxy.

## What it checks

The edge ends TLS for a host that leads to a web process, and the project trusts no proxy: no
`trustProxies(at: ...)` in `bootstrap/app.php` from Laravel 11 on, no `$proxies` in `TrustProxies`
before.

## Why it matters

Requests reach the pod as plain HTTP, and `X-Forwarded-Proto: https` is not believed. Links,
redirects and form targets are `http://`: browsers block them or go in circles, and the login
never ends. The session cookie is not Secure by itself, and where the web server does not see to
it, every user has the address of the edge, so that one who is throttled throttles all.

## Bad

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(web: __DIR__.'/../routes/web.php')
    ->withMiddleware(function (Middleware $middleware) {
        $middleware->encryptCookies(except: ['theme']);
    })
    ->create();
```

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
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: shop-tls}]
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## Good

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(web: __DIR__.'/../routes/web.php')
    ->withMiddleware(function (Middleware $middleware) {
        $middleware->trustProxies(at: '10.0.0.0/8');
    })
    ->create();
```

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
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.com], secretName: shop-tls}]
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## How to fix

`$middleware->trustProxies(at: '10.0.0.0/8')` with the network that the edge's pods are in; `at:
'*'` only where nothing else reaches the pods.

## Limits

Applications that force the scheme in code, or whose web server or Octane (`OCTANE_HTTPS`) sets
HTTPS, are left alone. Where something in front of the edge ends TLS, no manifest says so.

## References

- Illuminate/Http/Middleware/TrustProxies.php and
  Illuminate/Foundation/Configuration/Middleware.php, Laravel 12.x.
- Laravel 12.x, requests.md, «Configuring Trusted Proxies».
- monicahq #7971, snipe-it #9581.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import middleware_of
from holdfast.check.facts.web_server import configurations
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Route
from holdfast.check.kubernetes.edges.classes import NGINX
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.sources.nginx import walk
from holdfast.check.target import Target
from holdfast.project.code import code, files
from holdfast.project.directory import Directory
from holdfast.project.values import Unknown

_FORCED = ("URL::forceScheme", "URL::forceHttps", "->forceScheme", "->forceHttps")


def check(target: Target) -> Iterator[Finding]:
    """Web processes behind TLS that believe no proxy."""
    for process in target.processes(Role.WEB):
        found, directory = middleware_of(process), process.app.directory
        route = _behind_tls(target, process)
        if found is None or directory is None or route is None:
            continue
        related = (Related(route.place, f"{route.edge} ends TLS for {route.host or 'any host'}"),)
        if isinstance(found.trusted, Unknown):
            yield Finding(
                process.settings.spot(found.trusted.place),
                f"Which proxies {process} believes cannot be told: {found.trusted.why}.",
                "",
                str(process),
                related,
                unknown=True,
            )
        elif not found.trusted.addresses and not _scheme_is_set(target, process, directory):
            yield Finding(
                process.settings.spot(found.trusted.place),
                f"Users of {route.host or process.workload} get http:// links and redirects,"
                f" and may never get in: {route.edge} ends TLS, and Laravel trusts no proxy.",
                _hint(process),
                str(process),
                related,
            )


def _hint(process: Process) -> str:
    project = process.settings.project
    if project is not None and project.release.major < 11:
        return "trust the network of the edge: $proxies in App\\Http\\Middleware\\TrustProxies"
    return "trust the network of the edge: $middleware->trustProxies(at: [...]), bootstrap/app.php"


def _behind_tls(target: Target, process: Process) -> Route | None:
    if process.workload is None:
        return None
    for route in target.routes_to(process.workload):
        protocol = route.object.annotations.get(NGINX + "backend-protocol", "HTTP")
        if route.tls and protocol.upper() == "HTTP":
            return route
    return None


def _octane_may_force(process: Process, directory: Directory) -> bool:
    settings = process.settings
    if directory.read("config/octane.php") is None:
        return settings.env is not None and "OCTANE_HTTPS" in settings.env
    return not settings.known("octane.https") or bool(settings.scalar("octane.https"))


def _scheme_is_set(target: Target, process: Process, directory: Directory) -> bool:
    """Whether code, Octane or the web server says that requests are HTTPS."""
    if _octane_may_force(process, directory) or directory.of(code).called(*_FORCED):
        return True
    if any(b"HTTPS" in (directory.read(name) or b"") for name in files(directory)):
        return True
    return any(
        directive.name == "fastcgi_param" and directive.arguments[:1] == ("HTTPS",)
        for configuration in configurations(target)
        for directive, _ in walk(configuration.directives)
    )


RULE = Rule(
    "HF401",
    "proxies-not-trusted",
    "TLS ends at the edge, and Laravel believes no proxy",
    Severity.HIGH,
    check,
    gotchas=("CKY-01",),
)
