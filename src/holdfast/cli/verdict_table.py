"""The verdicts of a comparison as one table: a row a count, a column a choice of store."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from holdfast.rehearsal.verdict import Judge, Verdict

_SURVIVAL: list[tuple[str, Callable[[Verdict], int]]] = [
    ("sessions opened", lambda v: v.sessions_opened),
    ("sessions LOST", lambda v: v.sessions_lost),
    ("writes acknowledged", lambda v: v.writes_acknowledged),
    ("writes LOST", lambda v: v.writes_lost),
    ("phantom writes", lambda v: v.phantoms),
    ("leaks between users", lambda v: v.leaks),
]
_RACES: list[tuple[str, Callable[[Verdict], int]]] = [
    ("lost updates", lambda v: v.lost_updates),
    ("logouts undone", lambda v: v.resurrections),
    ("logged out by a late cookie", lambda v: v.late_cookies),
    ("old id logged in", lambda v: v.fixations),
]
_ANSWERS: list[tuple[str, Callable[[Verdict], int]]] = [
    ("requests", lambda v: v.requests),
    ("refused (409, 419)", lambda v: v.refused),
    ("errors", lambda v: v.errors),
    ("no answer", lambda v: v.unknown),
]
SECTIONS = (("survival", _SURVIVAL), ("races", _RACES), ("answers", _ANSWERS))
"""The table's sections: each row's label, and the figure that it shows."""

NEUTRAL = {"sessions opened", "writes acknowledged", "requests"}


def comparison(verdicts: Sequence[Verdict], judge: Judge) -> RenderableType:
    """The table; the last column is the one that is judged."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("")
    for verdict in verdicts:
        judged = verdict is verdicts[-1]
        table.add_column(
            f"{verdict.name}{' (judged)' if judged and len(verdicts) > 1 else ''}", justify="right"
        )
    _section(table, "survival", _SURVIVAL, verdicts, bad="bold red")
    _section(table, "races", _RACES, verdicts, bad="bold red" if judge == "all" else "yellow")
    _section(table, "answers", _ANSWERS, verdicts, bad="yellow")
    table.add_section()
    table.add_row(Text("p50 / p99 in ms", style="bold"), *["" for _ in verdicts])
    for name in phase_names(verdicts):
        table.add_row(f"  {name}", *[latency(verdict, name) for verdict in verdicts])
    lacking = list(dict.fromkeys(fault for verdict in verdicts for fault in verdict.not_applicable))
    if lacking:
        table.add_section()
        table.add_row(Text("not applicable", style="bold"), *["" for _ in verdicts])
    for fault in lacking:
        cells = ["not applicable" if fault in v.not_applicable else "" for v in verdicts]
        table.add_row(f"  {fault}", *[Text(cell, style="yellow") for cell in cells])
    return table


def _section(
    table: Table,
    title: str,
    rows: list[tuple[str, Callable[[Verdict], int]]],
    verdicts: Sequence[Verdict],
    *,
    bad: str,
) -> None:
    if table.row_count:
        table.add_section()
    table.add_row(Text(title, style="bold"), *["" for _ in verdicts])
    for label, count in rows:
        cells = []
        for verdict in verdicts:
            number = count(verdict)
            style = "" if label in NEUTRAL else "green" if number == 0 else bad
            cells.append(Text(str(number), style=style))
        table.add_row(f"  {label}", *cells)


def phase_names(verdicts: Sequence[Verdict]) -> list[str]:
    """The phases of all runs, each once, in their order."""
    return list(dict.fromkeys(phase.name for verdict in verdicts for phase in verdict.phases))


def latency(verdict: Verdict, name: str) -> str:
    """Latency in one phase, ``p50 / p99`` in milliseconds; ``-`` without any."""
    for phase in verdict.phases:
        if phase.name == name and phase.p50_ms is not None and phase.p99_ms is not None:
            return f"{phase.p50_ms:.0f} / {phase.p99_ms:.0f}"
    return "-"
