"""The session cookie of one application is sent to another one of the same name.

## What it checks

Two applications have session cookies of one name, the domain of one's cookie covers a host of the
other, and their keys differ.

## Why it matters

The browser sends the cookie to both. The other application cannot open it, starts an empty
session and, where both have the same domain, overwrites it: whoever visits one is logged out of
the other, and back again. Forms answer 419 until cookies are deleted by hand.

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
            - {name: APP_KEY, value: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
            - {name: SESSION_DRIVER, value: redis}
            - {name: SESSION_COOKIE, value: session}
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
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: blog}
spec:
  replicas: 3
  selector: {matchLabels: {app: blog}}
  template:
    metadata: {labels: {app: blog}}
    spec:
      containers:
        - name: php
          image: registry.example.com/blog:2.0.0
          env:
            - {name: APP_KEY, value: "base64:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="}
            - {name: SESSION_DRIVER, value: redis}
            - {name: SESSION_COOKIE, value: session}
---
apiVersion: v1
kind: Service
metadata: {name: blog}
spec: {selector: {app: blog}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: blog
spec:
  ingressClassName: nginx
  rules:
    - host: blog.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: blog, port: {number: 80}}}}
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
            - {name: APP_KEY, value: "base64:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}
            - {name: SESSION_DRIVER, value: redis}
            - {name: SESSION_COOKIE, value: shop_session}
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
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: blog}
spec:
  replicas: 3
  selector: {matchLabels: {app: blog}}
  template:
    metadata: {labels: {app: blog}}
    spec:
      containers:
        - name: php
          image: registry.example.com/blog:2.0.0
          env:
            - {name: APP_KEY, value: "base64:BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA="}
            - {name: SESSION_DRIVER, value: redis}
            - {name: SESSION_COOKIE, value: blog_session}
---
apiVersion: v1
kind: Service
metadata: {name: blog}
spec: {selector: {app: blog}, ports: [{port: 80}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: blog
spec:
  ingressClassName: nginx
  rules:
    - host: blog.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: blog, port: {number: 80}}}}
```

## How to fix

Leave `SESSION_DOMAIN` out where only one host needs the cookie, and give each application and
each environment a `SESSION_COOKIE` of its own. `XSRF-TOKEN` has a fixed name: only the domain
keeps that apart.

## Limits

Where neither the keys nor the names can be told, nothing is said. Environments that are judged
apart, such as overlays, are not compared.

## References

- RFC 6265, 5.3 and 5.4: cookies of the same name, domain and path overwrite each other; all that
  match are sent.
- Illuminate/Cookie/Middleware/EncryptCookies.php, Laravel 12.x: a cookie that does not open is
  null.
- laravel/framework #31999, #19109.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.agreement import keys
from holdfast.check.facts.hosts import covers, hosts_of
from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Pairs of applications whose cookies meet in a browser."""
    webs = [process for process in target.processes(Role.WEB) if process.workload is not None]
    hosts = {id(process): hosts_of(target, process) for process in webs}
    told: set[frozenset[int]] = set()
    for wide, other in _of_one_name(webs):
        domain, name = (wide.settings.text(f"session.{part}") for part in ("domain", "cookie"))
        pair = frozenset((id(wide), id(other)))
        if wide.app is other.app or pair in told:
            continue
        met = next((host for host in hosts[id(other)] if covers(domain, host)), None)
        own = any(covers(domain, host) for host in hosts[id(wide)])
        if met is None or met in hosts[id(wide)] or not own or not _apart(wide, other):
            continue
        told.add(pair)
        yield Finding(
            wide.settings.place("session.domain"),
            f"Whoever visits {next(iter(hosts[id(wide)]))} is logged out of {met}: both call their"
            f" session cookie {name}, the first sends it to all of {domain.lstrip('.')}, and the"
            " second cannot open it.",
            "leave SESSION_DOMAIN out, or give each a SESSION_COOKIE of its own",
            str(wide),
            (Related(hosts[id(other)][met].place, f"{other} is served here"),),
        )


def _of_one_name(webs: list[Process]) -> Iterator[tuple[Process, Process]]:
    """One whose cookie goes to a whole domain, and another one whose cookie is called the same."""
    named: dict[str, list[Process]] = {}
    for web in webs:
        if name := web.settings.text("session.cookie"):
            named.setdefault(name, []).append(web)
    for same in named.values():
        for wide in same:
            if wide.settings.text("session.domain"):
                yield from ((wide, other) for other in same if other is not wide)


def _apart(one: Process, other: Process) -> bool:
    """Whether neither can open the cookies of the other."""
    ours, theirs = keys(one), keys(other)
    return ours is not None and theirs is not None and not set(ours) & set(theirs)


RULE = Rule(
    "HF406",
    "cookie-of-another-application",
    "The session cookie of one application is sent to another one of the same name",
    Severity.HIGH,
    check,
    gotchas=("CKY-06",),
)
