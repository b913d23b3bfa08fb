"""The report as SARIF 2.1.0 (OASIS Standard with errata 01), which code scanning reads.

``security-severity`` and ``problem.severity`` are GitHub's («SARIF support for code scanning»): by
them it sorts alerts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from holdfast import __version__
from holdfast.check.finding import Edit, Finding, Severity
from holdfast.check.page import page_of
from holdfast.check.reports.excerpt import Excerpts, clipped
from holdfast.check.reports.report import GAPS, Report
from holdfast.check.result import NotJudged, Suppressed
from holdfast.check.rule import Found, Rule
from holdfast.manifests.place import Place

Object = dict[str, Any]

SCHEMA: Final = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: Final = {
    Severity.CRITICAL: ("error", "9.5"),
    Severity.HIGH: ("error", "8.0"),
    Severity.MEDIUM: ("warning", "5.5"),
    Severity.LOW: ("note", "2.0"),
}
"""SARIF's word, and a number within GitHub's bounds of the same word as ours."""


def sarif(report: Report) -> Object:
    """A log with one run; suppressed findings are in it and say so."""
    shown = [*report.found, *(one.found for one in report.suppressed)]
    rules = sorted({found.rule.id: found.rule for found in shown}.values(), key=attrgetter("id"))
    numbers = {rule.id: number for number, rule in enumerate(rules)}
    results = [
        _result(found, numbers, report.excerpts) | {"partialFingerprints": {"holdfast/v1": name}}
        for found, name in zip(report.found, report.fingerprints, strict=True)
    ]
    results += [
        _result(one.found, numbers, report.excerpts) | {"suppressions": [_suppression(one)]}
        for one in report.suppressed
    ]
    run = {
        "tool": {
            "driver": {
                "name": "Holdfast",
                "semanticVersion": __version__,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": not report.incomplete(),
                "toolExecutionNotifications": [
                    *(_gap(found.finding) for found in report.found if found.rule.id in GAPS),
                    *_notes(report.judged.not_judged),
                ],
            }
        ],
        "results": results,
    }
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(rule: Rule) -> Object:
    level, score = _LEVELS[rule.severity]
    page = page_of(rule)
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": page.sections["What it checks"]},
        "help": {"text": page.sections["How to fix"], "markdown": page.markdown()},
        "defaultConfiguration": {"level": level},
        "properties": {
            "tags": ["security", "laravel", "sessions"],
            "security-severity": score,
            "problem.severity": {"note": "recommendation"}.get(level, level),
        },
    }


def _result(found: Found, numbers: dict[str, int], excerpts: Excerpts) -> Object:
    rule, finding = found.rule, found.finding
    words = "\n".join(part for part in (finding.message, finding.hint) if part)
    result: Object = {
        "ruleId": rule.id,
        "ruleIndex": numbers[rule.id],
        "level": _LEVELS[rule.severity][0],
        "message": {"text": words},
        "locations": [_location(finding, excerpts)],
    }
    if finding.unknown:
        result |= {"kind": "review", "level": "none"}
    if finding.related:
        result["relatedLocations"] = [
            {"id": number, "message": {"text": one.note}, "physicalLocation": _physical(one.place)}
            for number, one in enumerate(finding.related)
        ]
    if finding.edits:
        changes = list(_changes(finding.edits, excerpts))
        result["fixes"] = [
            {
                "description": {"text": finding.hint or rule.title},
                "artifactChanges": changes,
            }
        ]
    return result


def _location(finding: Finding, excerpts: Excerpts) -> Object:
    physical = _physical(finding.place)
    if "region" in physical and (lines := excerpts.of(finding.place, before=0)):
        # Masked: what is uploaded is read by more people than the file is.
        text = "\n".join(clipped(line).text for line in lines)
        physical["region"]["snippet"] = {"text": text}
    location: Object = {"physicalLocation": physical}
    if finding.subject:
        location["logicalLocations"] = [{"fullyQualifiedName": finding.subject, "kind": "resource"}]
    return location


def _physical(place: Place) -> Object:
    physical: Object = {"artifactLocation": _artifact(place.file)}
    if place.line:
        region = {"startLine": place.line}
        if place.column:
            region["startColumn"] = place.column
            if place.end_line and place.end_column:
                region |= {"endLine": place.end_line, "endColumn": place.end_column}
        physical["region"] = region
    return physical


def _artifact(file: str) -> Object:
    path = PurePosixPath(file)
    return {"uri": path.as_uri() if path.is_absolute() else quote(file)}


def _changes(edits: Sequence[Edit], excerpts: Excerpts) -> Iterator[Object]:
    by_file = sorted(edits, key=attrgetter("file", "start"))
    for file, some in groupby(by_file, key=attrgetter("file")):
        yield {
            "artifactLocation": _artifact(file),
            "replacements": [_replacement(edit, excerpts) for edit in some],
        }


def _replacement(edit: Edit, excerpts: Excerpts) -> Object:
    line, column = excerpts.position(edit.file, edit.start)
    end_line, end_column = excerpts.position(edit.file, edit.end)
    return {
        "deletedRegion": {
            "startLine": line,
            "startColumn": column,
            "endLine": end_line,
            "endColumn": end_column,
        },
        "insertedContent": {"text": edit.text.decode("utf-8", errors="replace")},
    }


def _suppression(one: Suppressed) -> Object:
    return {
        "kind": "inSource",
        "status": "accepted",
        "justification": one.reason,
        "location": {"physicalLocation": _physical(one.place)},
    }


def _gap(finding: Finding) -> Object:
    return {
        "level": "error",
        "message": {"text": finding.message},
        "locations": [{"physicalLocation": _physical(finding.place)}],
    }


def _notes(left_out: Iterable[NotJudged]) -> Iterator[Object]:
    for one in left_out:
        yield {
            "level": "error" if one.unreadable else "note",
            "message": {"text": f"{one.file} was not judged: {one.reason}"},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(one.file)}}],
        }
