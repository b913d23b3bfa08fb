r"""Whoever connects is believed as a proxy, and the pods are reached without one.

## What it checks

The project trusts all proxies (`at: '*'`), and a Service of type LoadBalancer sends connections
to its pods as they come, without an HTTP proxy between.

## Why it matters

Clients write `X-Forwarded-For`, `-Host` and `-Proto` themselves and are believed: a login limit
by address stops nobody, the address in the session is invented, and a link to reset a password
leads to the host that the attacker named.

## Bad

```php bootstrap/app.php
<?php
use Illuminate\Foundation\Application;
use Illuminate\Foundation\Configuration\Middleware;

return Application::configure(basePath: dirname(__DIR__))
    ->withRouting(web: __DIR__.'/../routes/web.php')
    ->withMiddleware(function (Middleware $middleware) {
        $middleware->trustProxies(at: '*');
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
metadata:
  name: shop
  annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}
spec: {type: LoadBalancer, selector: {app: shop}, ports: [{port: 80}]}
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
metadata:
  name: shop
  annotations: {service.beta.kubernetes.io/aws-load-balancer-scheme: internet-facing}
spec: {type: LoadBalancer, selector: {app: shop}, ports: [{port: 80}]}
```

## How to fix

Trust the network that the edge is in, not `*`; or let only the edge reach the pods: a Service of
type ClusterIP, and a NetworkPolicy.

## Limits

Only a load balancer that is surely public counts (`aws-load-balancer-scheme: internet-facing`);
others depend on the cloud, and `--strict` says so. Those that are internal, are limited to address
ranges, or speak HTTP themselves are left alone.

## References

- Illuminate/Http/Middleware/TrustProxies.php, Laravel 12.x: `*` trusts whoever connects.
- Laravel 12.x, requests.md, «Trusting All Proxies».
- AWS Load Balancer Controller v2.2 and later, guide/service/annotations: internal by default.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.application import middleware_of
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.objects import Object, items
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.project.values import Unknown

_AWS = "service.beta.kubernetes.io/aws-load-balancer-"


def check(target: Target) -> Iterator[Finding]:
    """Trust in everyone behind a load balancer of connections."""
    for process in target.processes(Role.WEB):
        found = middleware_of(process)
        if found is None or isinstance(found.trusted, Unknown) or not found.trusted.everyone:
            continue
        for service in process.workload.services if process.workload else ():
            public = _public(service)
            if public is False:
                continue
            condition = "" if public else ", if its address can be reached from outside"
            yield Finding(
                process.settings.spot(found.trusted.place),
                f"Clients of {process.workload} choose their own address and host{condition}:"
                f" X-Forwarded-* of whoever connects is believed, and {service} lets connections"
                " in as they come.",
                "trust the network of the edge instead of *, or make the Service a ClusterIP",
                str(process),
                (Related(service.at("spec", "type"), f"{service} is of type LoadBalancer"),),
                unknown=public is None,
            )


def _public(service: Object) -> bool | None:
    """Whether connections come from anywhere, and as clients make them; None where the cloud
    decides.
    """
    said = service.annotations
    if (
        service.get("spec", "type") != "LoadBalancer"
        or items(service.body, "spec", "loadBalancerSourceRanges")
        or any("internal" in name or "internal" in value.lower() for name, value in said.items())
        or any("protocol" in name and "http" in value for name, value in said.items())
    ):
        return False
    return True if said.get(_AWS + "scheme") == "internet-facing" else None


RULE = Rule(
    "HF402",
    "everyone-is-a-trusted-proxy",
    "Whoever connects is believed as a proxy, and the pods are reached without one",
    Severity.MEDIUM,
    check,
    gotchas=("CKY-02",),
)
