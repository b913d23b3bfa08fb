"""A rule of Holdfast failed.

## What it checks

Nothing of yours: a rule raised an error while it judged your files. All other rules went on.

## Why it matters

What that rule would have found is not known. The exit status is 3, so that no pipeline takes the
silence for a good sign.

## How to fix

Report it, with the rule's id and the place that the message names. `--ignore HFnnn` leaves the
rule out until it is mended.

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


RULE = Rule("HF000", "internal", "A rule of Holdfast failed", Severity.HIGH, check)
