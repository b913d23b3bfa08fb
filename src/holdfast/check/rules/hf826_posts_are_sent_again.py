"""A request that PHP has worked on is sent again.

## What it checks

What stands before Laravel repeats requests after an answer or a cut connection, whatever their
method: `retries` of an Istio VirtualService whose `retryOn` has `5xx`, `gateway-error`, `reset`,
`retriable-4xx` or status codes, and ingress-nginx with `non_idempotent` in `proxy-next-upstream`.
Rules that take only GET, HEAD or OPTIONS are left alone.

## Why it matters

A 502 or a cut connection does not say that nothing was done: during each rollout, requests die
after they have written. The second run finds what the first one saved: an order is placed twice, a
flash message is used up before anybody sees it, and where the first run was a login or a logout,
the session and its token are other ones by then: the user gets 419 for a login that worked.

## Bad

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
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop]
  http:
    - route: [{destination: {host: shop}}]
      retries: {attempts: 3, retryOn: "5xx,connect-failure"}
```

## Good

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
          env: [{name: SESSION_DRIVER, value: redis}]
---
apiVersion: v1
kind: Service
metadata: {name: shop}
spec: {selector: {app: shop}, ports: [{port: 80}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop}
spec:
  hosts: [shop]
  http:
    - route: [{destination: {host: shop}}]
      retries: {attempts: 3, retryOn: "connect-failure,refused-stream"}
```

## How to fix

`retryOn: connect-failure,refused-stream`: PHP cannot have seen what these repeat. For more, a rule
of its own that matches GET alone. In ingress-nginx, leave `non_idempotent` out.

## Limits

Retries without `retryOn` are Istio's default, which has no answer of PHP's among them from 1.24 on;
before, it had the status 503. Retries of the Gateway API (`rules[].retry`) are not judged: each
controller does with methods as it likes.

## References

- Envoy, HTTP route components, RetryPolicy: no condition looks at the method.
- Istio 1.30, VirtualService, HTTPRetry; istio/istio releasenotes/notes/50506.yaml.
- nginx, `proxy_next_upstream`, «non_idempotent»; ingress-nginx 1.15, annotations.md.
- Illuminate/Session/Store.php, Laravel 12.x: `regenerate` and `invalidate` change id and token.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from holdfast.check.facts.traffic import web_workloads
from holdfast.check.finding import Finding, Severity
from holdfast.check.kubernetes.edges import Edge
from holdfast.check.kubernetes.edges.istio import GROUP, service_of
from holdfast.check.kubernetes.objects import get, items, same_namespace, text, whole
from holdfast.check.kubernetes.workload import Workload
from holdfast.check.rule import Rule
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_AFTER_PHP = frozenset(("5xx", "gateway-error", "reset", "retriable-4xx"))
_SAFE_METHODS = frozenset(("GET", "HEAD", "OPTIONS"))
_NGINX = "nginx.ingress.kubernetes.io/proxy-next-upstream"


def check(target: Target) -> Iterator[Finding]:
    """Rules that repeat requests to Laravel."""
    said: set[tuple[str, int]] = set()
    for workload in web_workloads(target):
        for place, by, condition, hint in [
            *_by_istio(target, workload),
            *_by_nginx(target, workload),
        ]:
            if (where := (place.file, place.line)) not in said:
                said.add(where)
                yield Finding(
                    place,
                    f"A form that {workload.name} has already worked on is sent again: {by} repeats"
                    f" requests of every method after {condition}.",
                    hint,
                    str(workload),
                )


def _by_istio(target: Target, workload: Workload) -> Iterator[tuple[Place, str, str, str]]:
    for owner in target.objects.of("VirtualService"):
        if owner.group != GROUP:
            continue
        for index, rule in enumerate(items(owner.body, "spec", "http")):
            condition = _condition(rule)
            if condition and _leads_to(rule, owner.namespace, workload):
                place = owner.at("spec", "http", index, "retries", "retryOn")
                yield place, str(owner), condition, "retryOn: connect-failure,refused-stream"


def _condition(rule: Any) -> str:
    """After what a rule repeats requests that PHP may have seen; empty where it does not."""
    attempts = whole(get(rule, "retries", "attempts"))
    if attempts is None or attempts <= 0 or _only_reads(rule):
        return ""
    for word in text(get(rule, "retries", "retryOn")).split(","):
        if (one := word.strip()) in _AFTER_PHP or (one.isdigit() and one[0] in "45"):
            return one
    return ""


def _only_reads(rule: Any) -> bool:
    matches = items(rule, "match")
    return bool(matches) and all(
        text(get(match, "method", "exact")) in _SAFE_METHODS for match in matches
    )


def _leads_to(rule: Any, namespace: str, workload: Workload) -> bool:
    for destination in items(rule, "route"):
        where, name = service_of(text(get(destination, "destination", "host")), namespace)
        for service in workload.services:
            if service.name == name and same_namespace(service.namespace, where):
                return True
    return False


def _by_nginx(target: Target, workload: Workload) -> Iterator[tuple[Place, str, str, str]]:
    for route in target.routes_to(workload):
        if route.edge is not Edge.INGRESS_NGINX:
            continue
        cases = route.object.annotations.get(_NGINX, "").split()
        if "non_idempotent" in cases and len(cases) > 1 and "off" not in cases:
            place = route.object.at("metadata", "annotations", _NGINX)
            condition = next(case for case in cases if case != "non_idempotent")
            yield place, str(route.object), condition, "leave non_idempotent out"


RULE = Rule(
    "HF826",
    "posts-are-sent-again",
    "A request that PHP has worked on is sent again",
    Severity.HIGH,
    check,
)
