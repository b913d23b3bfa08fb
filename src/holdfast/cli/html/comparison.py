"""The runs side by side: a row a figure, a column a choice of store."""

from __future__ import annotations

from collections.abc import Sequence

from holdfast.cli.html.markup import NOTHING, Html, tag
from holdfast.cli.verdict_table import (
    NEUTRAL,
    NOT_APPLICABLE,
    SECTIONS,
    lacking_faults,
    latency,
    phase_names,
    untried,
)
from holdfast.rehearsal.verdict import Judge, Verdict, judges


def comparison(verdicts: Sequence[Verdict], judge: Judge) -> Html:
    """The table; the last column is the one that is judged."""
    several = len(verdicts) > 1
    heads = [
        tag(
            "th",
            verdict.name,
            tag("small", "judged") if several and verdict is verdicts[-1] else NOTHING,
            scope="col",
        )
        for verdict in verdicts
    ]
    bodies = []
    for title, counts in SECTIONS:
        rows = [_title(title, len(verdicts))]
        bad = (
            "bad"
            if title == "survival" or (title == "races" and judges(judge, "races"))
            else "warn"
        )
        for label, count in counts:
            cells = []
            for verdict in verdicts:
                number = count(verdict)
                style = None if label in NEUTRAL else bad if number else "good"
                if untried(verdict, label):
                    cells.append(tag("td", "-"))
                else:
                    cells.append(tag("td", f"{number:,}", class_=style))
            rows.append(_row(label, cells))
        bodies.append(tag("tbody", *rows))
    phases = [
        _row(name, [tag("td", latency(verdict, name)) for verdict in verdicts])
        for name in phase_names(verdicts)
    ]
    bodies.append(tag("tbody", _title("p50 / p99 in ms", len(verdicts)), *phases))
    if lacking := lacking_faults(verdicts):
        rows = [
            _row(fault, [_applies(fault, verdict) for verdict in verdicts]) for fault in lacking
        ]
        bodies.append(tag("tbody", _title("faults not done everywhere", len(verdicts)), *rows))
    head = tag("thead", tag("tr", tag("td"), *heads))
    return tag("div", tag("table", head, *bodies, class_="counts"), class_="wide")


def _title(title: str, columns: int) -> Html:
    return tag("tr", tag("th", title, colspan=columns + 1, scope="rowgroup", class_="section"))


def _row(label: str, cells: Sequence[Html]) -> Html:
    return tag("tr", tag("th", label, scope="row"), *cells)


def _applies(fault: str, verdict: Verdict) -> Html:
    lacks = fault in verdict.not_applicable
    return tag("td", NOT_APPLICABLE if lacks else "done", class_="warn" if lacks else None)
