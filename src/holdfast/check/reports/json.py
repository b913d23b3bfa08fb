"""The report as JSON; fields are added to it, never taken away or given another meaning."""

from __future__ import annotations

import msgspec

from holdfast import __version__
from holdfast.check.finding import Edit as FindingEdit
from holdfast.check.finding import Severity
from holdfast.check.reports.excerpt import Excerpts, clipped
from holdfast.check.reports.report import Report
from holdfast.check.rule import Found
from holdfast.manifests import place as places

VERSION = 1
"""Goes up when a reader of the former one would read something wrong."""


class Place(msgspec.Struct, frozen=True):
    """Where: lines and columns from 1, just behind the end; 0 where that is not known."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Line(msgspec.Struct, frozen=True):
    """A line of the source; secrets are ``***``, and ``start`` to ``end`` of the text is meant."""

    number: int
    text: str
    start: int
    end: int


class Related(msgspec.Struct, frozen=True):
    """Another place that plays a part."""

    place: Place
    note: str


class Edit(msgspec.Struct, frozen=True):
    """What ``--fix`` does: puts ``text`` in the place of the file's bytes from start to end."""

    file: str
    start: int
    end: int
    text: str


class Finding(msgspec.Struct, frozen=True):
    """A finding; ``unknown``: it cannot be judged, and the message says why."""

    rule: str
    name: str
    severity: str
    message: str
    hint: str
    subject: str
    unknown: bool
    fingerprint: str
    place: Place
    excerpt: list[Line]
    related: list[Related]
    edits: list[Edit]


class Suppressed(msgspec.Struct, frozen=True):
    """A finding that is allowed, where and why."""

    rule: str
    name: str
    severity: str
    message: str
    subject: str
    place: Place
    reason: str
    allowed_at: Place


class NotJudged(msgspec.Struct, frozen=True):
    """A file that was left out, and why; ``unreadable``: the system did not let us read it."""

    file: str
    reason: str
    unreadable: bool


class Judged(msgspec.Struct, frozen=True):
    """What was looked at, in numbers."""

    projects: int
    images: int
    manifests: int
    workloads: int
    rules: int
    not_judged: list[NotJudged]


class Stale(msgspec.Struct, frozen=True):
    """An entry of the baseline that matches nothing."""

    fingerprint: str
    rule: str
    file: str
    subject: str


class Document(msgspec.Struct, frozen=True):
    """The whole report.

    Args:
        version: of this form.
        holdfast: the version that wrote it.
        failed: whether the command fails, by ``--fail-on``.
        incomplete: whether something could not be read, or a rule failed.
        counts: findings of each severity, those left out that could not be judged.
        findings: worst first.
        suppressed: allowed by comments and annotations.
        known: how many are in the baseline, and not among the findings.
        stale: entries of the baseline that match nothing.
        unknown: how many could not be judged and are not among the findings.
        judged: what was looked at.
    """

    version: int
    holdfast: str
    failed: bool
    incomplete: bool
    counts: dict[str, int]
    findings: list[Finding]
    suppressed: list[Suppressed]
    known: int
    stale: list[Stale]
    unknown: int
    judged: Judged


def document(report: Report) -> Document:
    """The report as JSON would have it."""
    named = zip(report.found, report.fingerprints, strict=True)
    counts = report.counts()
    judged = report.judged
    return Document(
        version=VERSION,
        holdfast=__version__,
        failed=report.fails(),
        incomplete=report.incomplete(),
        counts={s.word: counts.get(s, 0) for s in sorted(Severity, reverse=True)},
        findings=[_finding(found, name, report.excerpts) for found, name in named],
        suppressed=[
            Suppressed(
                rule=one.found.rule.id,
                name=one.found.rule.name,
                severity=one.found.rule.severity.word,
                message=one.found.finding.message,
                subject=one.found.finding.subject,
                place=_place(one.found.finding.place),
                reason=one.reason,
                allowed_at=_place(one.place),
            )
            for one in report.suppressed
        ],
        known=len(report.known),
        stale=[Stale(e.fingerprint, e.rule, e.file, e.subject) for e in report.stale],
        unknown=report.unknown,
        judged=Judged(
            projects=judged.projects,
            images=judged.images,
            manifests=judged.manifests,
            workloads=judged.workloads,
            rules=judged.rules,
            not_judged=[NotJudged(n.file, n.reason, n.unreadable) for n in judged.not_judged],
        ),
    )


def schema() -> bytes:
    """The JSON Schema of the report."""
    return msgspec.json.format(msgspec.json.encode(msgspec.json.schema(Document)), indent=1) + b"\n"


def _finding(found: Found, fingerprint: str, excerpts: Excerpts) -> Finding:
    rule, finding = found.rule, found.finding
    lines = [clipped(line) for line in excerpts.of(finding.place)]
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=rule.severity.word,
        message=finding.message,
        hint=finding.hint,
        subject=finding.subject,
        unknown=finding.unknown,
        fingerprint=fingerprint,
        place=_place(finding.place),
        excerpt=[Line(line.number, line.text, line.start, line.end) for line in lines],
        related=[Related(_place(one.place), one.note) for one in finding.related],
        edits=[_edit(edit) for edit in finding.edits],
    )


def _edit(edit: FindingEdit) -> Edit:
    return Edit(edit.file, edit.start, edit.end, edit.text.decode("utf-8", errors="replace"))


def _place(place: places.Place) -> Place:
    return Place(place.file, place.line, place.column, place.end_line, place.end_column)
