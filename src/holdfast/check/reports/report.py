"""What is to be reported: what was found, without what nobody wants to see again, in groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from holdfast.check.baseline import Baseline, Entry, divide
from holdfast.check.engine import sort_key
from holdfast.check.finding import Severity
from holdfast.check.reports.excerpt import Excerpts
from holdfast.check.reports.masking import without_secrets
from holdfast.check.result import Counts, Result, Suppressed
from holdfast.check.rule import Found
from holdfast.check.rules import hf000_internal, hf001_unreadable
from holdfast.manifests.place import Place

GAPS: Final = frozenset({hf000_internal.RULE.id, hf001_unreadable.RULE.id})
"""Rules whose findings say that others may be missing."""


class Group(msgspec.Struct, frozen=True):
    """All that one cause brings about, the worst first."""

    place: Place
    found: tuple[Found, ...]

    @property
    def severity(self) -> Severity:
        """That of the worst."""
        return self.found[0].rule.severity


class Report(msgspec.Struct, frozen=True):
    """What every form of report is made from.

    Args:
        found: what is shown, worst first.
        fingerprints: of each of them.
        suppressed: found, and allowed by a comment.
        known: found, and in the baseline.
        stale: entries of the baseline that match nothing.
        unknown: how many findings could not be judged and are not shown.
        judged: what was looked at.
        excerpts: from the files that findings name.
        fail_on: from which severity on the command fails; None: never.
    """

    found: tuple[Found, ...]
    fingerprints: tuple[str, ...]
    suppressed: tuple[Suppressed, ...]
    known: tuple[Found, ...]
    stale: tuple[Entry, ...]
    unknown: int
    judged: Counts
    excerpts: Excerpts
    fail_on: Severity | None

    def fails(self) -> bool:
        """Whether anything is as bad as ``fail_on``, or worse; what could not be judged is not."""
        return self.fail_on is not None and any(
            found.rule.severity >= self.fail_on and not found.finding.unknown
            for found in self.found
        )

    def incomplete(self) -> bool:
        """Whether something could not be read or judged, so that a silence proves nothing."""
        gaps = any(found.rule.id in GAPS for found in self.found)
        return gaps or any(one.unreadable for one in self.judged.not_judged)

    def counts(self) -> dict[Severity, int]:
        """How many of each severity, the worst first; without those that are none."""
        each = [found.rule.severity for found in self.found if not found.finding.unknown]
        return {
            severity: n
            for severity in sorted(Severity, reverse=True)
            if (n := each.count(severity))
        }

    def groups(self) -> list[Group]:
        """By cause, the worst first."""
        by_place: dict[Place, list[Found]] = {}
        for found in self.found:
            by_place.setdefault(found.finding.place, []).append(found)
        return [Group(place, tuple(found)) for place, found in by_place.items()]


def report(
    result: Result,
    *,
    fail_on: Severity | None,
    strict: bool = False,
    baseline: Baseline | None = None,
    severities: Mapping[str, Severity] | None = None,
) -> Report:
    """Make a report of a result.

    Args:
        result: of the engine.
        fail_on: from which severity on the command fails; None: never.
        strict: whether findings are shown that could not be judged.
        baseline: findings that are not shown again.
        severities: another severity for some rules, by id.
    """
    found = sorted(_weighed(result.found, severities or {}), key=sort_key)
    judged = [one for one in found if strict or not one.finding.unknown]
    excerpts = Excerpts(result.files)
    division = divide(judged, baseline or Baseline(()), excerpts.words)
    return Report(
        found=tuple(one for one, _ in division.fresh),
        fingerprints=tuple(fingerprint for _, fingerprint in division.fresh),
        suppressed=tuple(replace(one, found=_safe(one.found)) for one in result.suppressed),
        known=division.known,
        stale=division.stale,
        unknown=len(found) - len(judged),
        judged=result.judged,
        excerpts=excerpts,
        fail_on=fail_on,
    )


def in_numbers(counts: Mapping[Severity, int]) -> str:
    """``2 critical, 1 low``."""
    return ", ".join(f"{count:,} {severity.word}" for severity, count in counts.items())


def what_was_judged(counts: Counts) -> str:
    """``1 project, 12 manifests, 3 workloads; 61 rules``."""
    parts = [
        _many(counts.projects, "project"),
        _many(counts.images, "image"),
        _many(counts.manifests, "manifest"),
        _many(counts.workloads, "workload"),
    ]
    return (
        f"{', '.join(part for part in parts if part) or 'nothing'}; {_many(counts.rules, 'rule')}"
    )


def _many(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}" if count else ""


def _weighed(found: Iterable[Found], severities: Mapping[str, Severity]) -> Iterable[Found]:
    for one in found:
        severity = severities.get(one.rule.id, one.rule.severity)
        rule = one.rule if severity == one.rule.severity else replace(one.rule, severity=severity)
        yield replace(_safe(one), rule=rule)


def _safe(found: Found) -> Found:
    finding = found.finding
    message, hint = without_secrets(finding.message), without_secrets(finding.hint)
    safe = replace(finding, message=message, hint=hint)
    return replace(found, finding=safe)
