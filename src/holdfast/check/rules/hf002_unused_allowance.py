"""Something is allowed that is not there.

## What it checks

Each comment `holdfast: allow HFnnn` and each annotation `holdfast.dev/allow-HFnnn` has to allow at
least one finding.

## Why it matters

A forgotten allowance hides the next fault at the same place.

## Bad

```yaml deploy.yaml
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  SESSION_DRIVER: redis  # holdfast: allow HF101 -- one replica
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

Take the comment or annotation out, or put it where the finding is: a comment at the end of a line
is for that line, a comment alone on its line for the next.

## Limits

Rules that are left out of a run are not looked at here.

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
    "HF002", "unused-allowance", "Something is allowed that is not there", Severity.LOW, check
)
