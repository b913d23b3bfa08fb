"""The session cookie is for a domain that the application is not served at.

## What it checks

`SESSION_DOMAIN` is none of the hosts that lead to a web process, nor a parent domain of one
(Ingress, HTTPRoute, VirtualService, IngressRoute, Route), or it is no domain at all: it has a
scheme, a port or a path.

## Why it matters

Browsers throw a cookie away whose Domain does not cover the host. Each request starts a new
session: nobody can log in, every form answers 419.

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
            - {name: SESSION_DOMAIN, value: "shop.example.org"}
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
            - {name: SESSION_DOMAIN, value: ".example.com"}
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
  rules:
    - host: shop.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: shop, port: {number: 80}}}}
```

## How to fix

Leave `SESSION_DOMAIN` out, so that the cookie belongs to the host it came from, or set a domain
that covers all hosts of the application: `example.com` for `shop.example.com` and
`www.example.com`.

## Limits

Where it covers some hosts and not others, `--strict` says so: the application may redirect these.

## References

- RFC 6265, 5.3 step 6 and 5.1.3: a cookie whose domain does not match the host is ignored; a
  leading dot means nothing.
- config/session.php, Laravel 8 to 13: `domain` goes into the cookie as it is.
- pixelfed #1939.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.check.facts.hosts import covers, hosts_of
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target

_NO_DOMAIN = re.compile(r"[/:\s]")


def check(target: Target) -> Iterator[Finding]:
    """Domains that cover no host."""
    for process in target.processes(Role.WEB):
        domain = process.settings.text("session.domain")
        hosts = hosts_of(target, process)
        if not domain or not hosts:
            continue
        outside = [host for host in hosts if not covers(domain, host)]
        if not outside:
            continue
        place = process.settings.place("session.domain")
        first = outside[0]
        related = (Related(hosts[first].place, f"{hosts[first].object} serves {first}"),)
        if len(outside) < len(hosts):
            yield Finding(
                place,
                f"Nobody can log in at {first} unless the application redirects from it: the"
                f" session cookie is for {domain}.",
                "set SESSION_DOMAIN to a domain that covers all hosts",
                str(process),
                related,
                unknown=True,
            )
            continue
        what = "which is no domain" if _NO_DOMAIN.search(domain) else "which does not cover it"
        yield Finding(
            place,
            f"Nobody can log in at {first}: the session cookie is for «{domain}», {what}, and"
            " browsers throw it away.",
            "leave SESSION_DOMAIN out, or set a domain that covers the host",
            str(process),
            related,
        )


RULE = Rule(
    "HF405",
    "cookie-for-another-domain",
    "The session cookie is for a domain that the application is not served at",
    Severity.HIGH,
    check,
    gotchas=("CKY-05",),
)
