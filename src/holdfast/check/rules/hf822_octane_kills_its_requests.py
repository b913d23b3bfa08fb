"""Octane with Swoole kills the requests that it is answering when it stops.

## What it checks

A container runs `php artisan octane:start --server=swoole` (or with `OCTANE_SERVER=swoole`), and no
`preStop` hook lets requests end before it is asked to stop.

## Why it matters

At SIGTERM Octane kills Swoole's workers with SIGKILL, without waiting for the requests that they
work on: these answer 502, and what they were about to write into the session is lost. So each
rollout and each scale-down costs some users what they just did.

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
        - name: octane
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, "octane:start", --server=swoole, --host=0.0.0.0]
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
      terminationGracePeriodSeconds: 45
      containers:
        - name: octane
          image: registry.example.com/shop:1.4.2
          command: [php, artisan, "octane:start", --server=swoole, --host=0.0.0.0]
          lifecycle: {preStop: {sleep: {seconds: 30}}}
```

## How to fix

`lifecycle: {preStop: {sleep: {seconds: 30}}}`, as long as your longest request: meanwhile the pod
gets no new requests, and those that it has come to an end. `terminationGracePeriodSeconds` must be
longer.

## Limits

Other servers of Octane, and a server that `config/octane.php` alone names, are not judged.

## References

- laravel/octane 0.3.0 to 2.3.6, src/Swoole/ServerProcessInspector.php, `stopServer`: SIGKILL to
  master, manager and workers; the same after pull request 1158.
- laravel/octane issue 469, pull request 577 (closed).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.commands import Call, When, at_start
from holdfast.check.facts.traffic import pre_stop, sleeping
from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(target: Target) -> Iterator[Finding]:
    """Octane with Swoole that nothing keeps until its requests have ended."""
    waiting = any(
        pre_stop(container) for workload in target.workloads for container in workload.containers
    )
    for call in at_start(target):
        if call.name != "octane:start" or call.when is not When.START or not _with_swoole(call):
            continue
        if pre_stop(call.container) if call.container is not None else waiting:
            continue
        yield Finding(
            call.place,
            "Requests that are being answered when a pod stops are cut off, and their session"
            " writes are lost: Octane kills the workers of Swoole, and no preStop hook lets them"
            " end before.",
            f"as long as your longest request: {sleeping(30)}, below terminationGracePeriodSeconds",
            call.subject,
        )


def _with_swoole(call: Call) -> bool:
    words = [word.value or "" for word in call.artisan.arguments]
    for word, after in zip(words, [*words[1:], ""], strict=False):
        if word.startswith("--server"):
            return (word.partition("=")[2] or after) == "swoole"
    if call.container is not None:
        return call.container.env.value("OCTANE_SERVER") == "swoole"
    said = call.image.final.env.get("OCTANE_SERVER") if call.image else None
    return said is not None and said.text == "swoole"


RULE = Rule(
    "HF822",
    "octane-kills-its-requests",
    "Octane with Swoole kills the requests that it is answering when it stops",
    Severity.HIGH,
    check,
    gotchas=("ROL-22",),
)
