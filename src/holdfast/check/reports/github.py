"""Findings as GitHub's workflow commands, which it shows beside the lines of a change.

The form is that of ``actions/toolkit``, ``packages/core/src/command.ts``. GitHub shows the first
ten of each kind of a step, so the worst come first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from holdfast.check.finding import Severity
from holdfast.check.reports.excerpt import Excerpts, visible
from holdfast.check.reports.report import Report
from holdfast.check.rule import Found

_COMMANDS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
}
_DATA: Final = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
_PROPERTY: Final = {**_DATA, **str.maketrans({":": "%3A", ",": "%2C"})}


def commands(report: Report) -> Iterator[str]:
    """One line for each finding, the worst first."""
    for found in report.found:
        yield _annotation(found, report.excerpts)


def _annotation(found: Found, excerpts: Excerpts) -> str:
    rule, finding, place = found.rule, found.finding, found.finding.place
    properties = {"title": f"{rule.id} {rule.name}"}
    # A default of Laravel's stands in no file of the repository.
    if place.file != "-" and (place.line or excerpts.has(place.file)):
        properties["file"] = place.file
    if place.line:
        properties["line"] = str(place.line)
        properties["endLine"] = str(max(place.end_line, place.line))
        if place.column and place.end_line == place.line:
            properties["col"] = str(place.column)
            properties["endColumn"] = str(place.end_column)
    said = ",".join(
        f"{key}={visible(value.translate(_PROPERTY))}" for key, value in properties.items()
    )
    subject = f"{finding.subject}: " if finding.subject else ""
    words = "\n".join(part for part in (f"{subject}{finding.message}", finding.hint) if part)
    command = "notice" if finding.unknown else _COMMANDS[rule.severity]
    return f"::{command} {said}::{visible(words.translate(_DATA))}"
