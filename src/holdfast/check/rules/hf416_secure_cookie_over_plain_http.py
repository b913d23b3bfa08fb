"""A host is served without TLS too, where its Secure session cookie is not kept.

## What it checks

`SESSION_SECURE_COOKIE` is true, TLS ends at the edge, and the same host is served without it: an
HTTPRoute that is attached to a listener of protocol HTTP as well, where no route redirects, or an
Ingress of ingress-nginx that is told not to (`ssl-redirect: "false"`).

## Why it matters

Browsers keep no Secure cookie that comes over `http://`. Whoever comes in that way, by an old link
or by typing the host, has a new session with each request: the login form answers 419, and nobody
gets in.

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
            - {name: SESSION_SECURE_COOKIE, value: "true"}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec:
  gatewayClassName: edge
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: shop-tls}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: public}]
  hostnames: [shop.example.com]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      backendRefs: [{name: shop, port: 80}]
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
            - {name: SESSION_SECURE_COOKIE, value: "true"}
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: public}
spec:
  gatewayClassName: edge
  listeners:
    - {name: http, port: 80, protocol: HTTP}
    - {name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: shop-tls}]}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  parentRefs: [{name: public, sectionName: https}]
  hostnames: [shop.example.com]
  rules:
    - matches: [{path: {type: PathPrefix, value: /}}]
      backendRefs: [{name: shop, port: 80}]
```

## How to fix

Attach the route to the listener for HTTPS alone (`sectionName`), and to the one for HTTP a route
whose only rule redirects (`requestRedirect: {scheme: https}`). At ingress-nginx take
`ssl-redirect: "false"` out.

## Limits

Gateways that are not among the files are not judged. An application may redirect by itself, which
no manifest says. `ssl-redirect: "false"` is right where something before ingress-nginx ends TLS, so
only `--strict` speaks of it.

## References

- RFC 6265bis, 5.7: a Secure cookie of a response without a secure connection is ignored.
- Gateway API v1.6, ParentReference, `sectionName`: where it is empty, all listeners are meant.
- ingress-nginx 1.15, annotations.md, «Server-side HTTPS enforcement through redirect».
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Related, Severity
from holdfast.check.kubernetes.edges import Edge, Route
from holdfast.check.process import Process, Role
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Hosts with and without TLS, whose cookie is Secure."""
    for process in target.processes(Role.WEB):
        if process.settings.scalar("session.secure") is not True or process.workload is None:
            continue
        for route in target.routes_to(process.workload):
            if route.tls and route.redirects is False:
                yield _finding(process, route)


def _finding(process: Process, route: Route) -> Finding:
    where = route.host or str(process.workload)
    return Finding(
        route.place,
        f"Users who come to http://{where} never get in, unless the application redirects them:"
        f" {route.object} serves it over plain HTTP too, where browsers do not keep the session's"
        " cookie, as SESSION_SECURE_COOKIE is true.",
        "serve HTTPS alone, and redirect to it"
        if route.edge is not Edge.INGRESS_NGINX
        else "take ssl-redirect out, unless something before ends TLS",
        str(process),
        (Related(process.settings.place("session.secure"), "the cookie is Secure"),),
        unknown=route.edge is Edge.INGRESS_NGINX,
    )


RULE = Rule(
    "HF416",
    "secure-cookie-over-plain-http",
    "A host is served without TLS too, where its Secure session cookie is not kept",
    Severity.MEDIUM,
    check,
    gotchas=("CKY-04",),
)
