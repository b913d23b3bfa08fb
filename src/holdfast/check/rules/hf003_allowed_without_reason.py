"""Something is to be allowed, but nobody says why.

## What it checks

A comment `holdfast: allow HFnnn` and an annotation `holdfast.dev/allow-HFnnn` need a reason.

## Why it matters

Whoever reads it next year has to know whether it still holds. Without a reason nothing is allowed.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  SESSION_DRIVER: redis  # holdfast: allow HF101
```

## Good

```yaml deploy.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  SESSION_DRIVER: redis
```

## How to fix

Write the reason behind two dashes: `# holdfast: allow HF101 -- one replica by licence`.

## Limits

None.

## References

None.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.finding import Finding, Severity
from holdfast.check.rule import Rule
from holdfast.check.target import Target


def check(_target: Target) -> Iterator[Finding]:
    """The engine makes these findings."""
    yield from ()


RULE = Rule(
    "HF003",
    "allowed-without-reason",
    "Something is to be allowed, but nobody says why",
    Severity.LOW,
    check,
)
