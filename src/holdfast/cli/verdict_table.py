"""The verdicts of a comparison as one table: a row a count, a column a choice of store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from rich import box
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from holdfast.rehearsal.verdict import Judge, Verdict, judges

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
    ("refused", lambda v: v.refused),
    ("errors", lambda v: v.errors),
    ("no answer", lambda v: v.unknown),
]
SECTIONS = (("survival", _SURVIVAL), ("races", _RACES), ("answers", _ANSWERS))
"""The table's sections: each row's label, and the figure that it shows."""

NOT_APPLICABLE = "not applicable"
NEUTRAL = {"sessions opened", "writes acknowledged", "requests"}
UNTRIED = {
    *("writes acknowledged", "writes LOST", "phantom writes", "leaks between users"),
    *("lost updates", "logouts undone", "old id logged in"),
}
"""What visitors do not try: a zero there would say more than is known."""
_LABEL_WIDTH = 31
_GAP = 3


def comparison(verdicts: Sequence[Verdict], judge: Judge, width: int) -> Iterator[RenderableType]:
    """The table, or several of them where the columns do not fit side by side.

    The last column is the one that is judged.

    Args:
        verdicts: a column each.
        judge: what it is judged by.
        width: of the terminal, in characters.
    """
    heads = [verdict.name for verdict in verdicts]
    if len(heads) > 1:
        heads = [*(f"{head}\n" for head in heads[:-1]), f"{heads[-1]}\n(judged)"]
    columns = [_Column(verdict, head) for verdict, head in zip(verdicts, heads, strict=True)]
    while columns:
        room = width - _LABEL_WIDTH
        many = 0
        while many < len(columns) and room >= columns[many].width:
            room -= columns[many].width
            many += 1
        fitting, columns = columns[: max(1, many)], columns[max(1, many) :]
        yield _table(fitting, judge)


class _Column(NamedTuple):
    verdict: Verdict
    head: str

    @property
    def width(self) -> int:
        """Characters, with the gap to the next one."""
        texts = [*self.head.splitlines(), *(NOT_APPLICABLE for _ in self.verdict.not_applicable)]
        texts += [latency(self.verdict, phase.name) for phase in self.verdict.phases]
        texts += [str(count(self.verdict)) for _, counts in SECTIONS for _, count in counts]
        return max(map(len, texts)) + _GAP


def _table(columns: Sequence[_Column], judge: Judge) -> RenderableType:
    verdicts = [column.verdict for column in columns]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for column in columns:
        table.add_column(column.head, justify="right", no_wrap=True)
    _section(table, "survival", _SURVIVAL, verdicts, bad="bold red")
    _section(
        table, "races", _RACES, verdicts, bad="bold red" if judges(judge, "races") else "yellow"
    )
    _section(table, "answers", _ANSWERS, verdicts, bad="yellow")
    table.add_section()
    table.add_row(Text("p50 / p99 in ms", style="bold"), *["" for _ in verdicts])
    for name in phase_names(verdicts):
        table.add_row(f"  {name}", *[latency(verdict, name) for verdict in verdicts])
    if lacking := lacking_faults(verdicts):
        table.add_section()
        table.add_row(Text(NOT_APPLICABLE, style="bold"), *["" for _ in verdicts])
    for fault in lacking:
        cells = [NOT_APPLICABLE if fault in v.not_applicable else "" for v in verdicts]
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
            cells.append(Text("-") if untried(verdict, label) else Text(str(number), style=style))
        table.add_row(f"  {label}", *cells)


def untried(verdict: Verdict, label: str) -> bool:
    """Whether a row says nothing of a run: its users tried nothing of the kind."""
    counts = {name: count for _, rows in SECTIONS for name, count in rows}
    return verdict.visited and label in UNTRIED and not counts[label](verdict)


def phase_names(verdicts: Sequence[Verdict]) -> list[str]:
    """The phases of all runs, each once; a phase that only some have follows the one before it."""
    names: list[str] = []
    for verdict in verdicts:
        place = 0
        for phase in verdict.phases:
            if phase.name in names:
                place = names.index(phase.name) + 1
            else:
                names.insert(place, phase.name)
                place += 1
    return names


def lacking_faults(verdicts: Sequence[Verdict]) -> list[str]:
    """The faults that could not be done to one of the setups, each once."""
    return list(dict.fromkeys(fault for verdict in verdicts for fault in verdict.not_applicable))


def latency(verdict: Verdict, name: str) -> str:
    """Latency in one phase, ``p50 / p99`` in milliseconds; ``-`` without any."""
    for phase in verdict.phases:
        if phase.name == name and phase.p50_ms is not None and phase.p99_ms is not None:
            return f"{phase.p50_ms:.0f} / {phase.p99_ms:.0f}"
    return "-"
