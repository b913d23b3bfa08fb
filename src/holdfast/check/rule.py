"""A rule: what it is called, how bad its findings are, and the function that finds them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import msgspec

from holdfast.check.finding import Finding, Severity

if TYPE_CHECKING:
    from holdfast.check.target import Target


class Rule(msgspec.Struct, frozen=True):
    """One rule; its module's docstring is its page (``page.py``).

    Args:
        id: ``HF101``; never used again for another rule.
        name: ``session-driver-not-shared``; reads well after «allow».
        title: what is wrong, in one line.
        severity: of all its findings.
        check: finds them; pure. What it raises is a bug that the engine reports.
        since: the release that brought it.
        gotchas: the entries of the catalogue that it answers (``STO-01``).
        fixable: whether its findings can have edits.
    """

    id: str
    name: str
    title: str
    severity: Severity
    check: Callable[[Target], Iterator[Finding]]
    since: str = "0.1"
    gotchas: tuple[str, ...] = ()
    fixable: bool = False


class Found(msgspec.Struct, frozen=True):
    """A finding and the rule that made it."""

    rule: Rule
    finding: Finding
