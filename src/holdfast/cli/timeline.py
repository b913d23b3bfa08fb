"""The timeline of a rehearsal: a line a replica, what was done to it, x where sessions got lost."""

from __future__ import annotations

from rich.text import Text

from holdfast.rehearsal.verdict import Lane, Phase, Verdict

SIGNS = {
    "kill": "K",
    "drain": "d",
    "stop": "s",
    "start": "^",
    "pause": "p",
    "resume": "r",
    "cut": "c",
    "slow": "l",
    "blackhole": "b",
    "flush": "F",
    "skew": "≠",
    "over": "o",
}
_GRAVE = ("kill", "flush", "skew")
LEGEND = "━ takes traffic  K killed  ^ started  d drained  p paused  x sessions lost here"
SKEW_LEGEND = "≠ has another setting than the rest"
STORE_LEGEND = "store: c answers cut  l slow  b blackhole  F flushed  o over"


def timeline(verdict: Verdict, width: int) -> list[Text]:
    """The lines of one run's timeline, each at most ``width`` characters; a scale comes last."""
    label = max([len(verdict.label(lane)) for lane in verdict.lanes], default=0) + 2
    columns = max(20, width - label - 1)
    lines = [
        Text(verdict.label(lane).ljust(label)) + _lane(lane, verdict.seconds, columns)
        for lane in verdict.lanes
    ]
    return [*lines, _scale(verdict.phases, verdict.seconds, label, columns)]


def _lane(lane: Lane, seconds: float, columns: int) -> Text:
    cells: list[tuple[str, str]] = [(" ", "")] * columns
    for begin, end in lane.spans:
        for column in range(_column(begin, seconds, columns), _column(end, seconds, columns) + 1):
            cells[column] = ("━", "green")
    # What costs sessions is drawn over what else happened in the same cell, an end under all of it.
    for mark in sorted(lane.marks, key=lambda mark: (mark.what in _GRAVE, mark.what != "over")):
        if sign := SIGNS.get(mark.what):
            style = "bold red" if mark.what in _GRAVE else "cyan"
            cells[_column(mark.at, seconds, columns)] = (sign, style)
    for mark in lane.marks:
        if mark.what == "lost":
            column = _column(mark.at, seconds, columns)
            if (
                cells[column][0] not in "K≠"
            ):  # the cause is worth more than its effect in the same cell
                cells[column] = ("x", "red")
    line = Text()
    for sign, style in cells:
        line.append(sign, style)
    return line


def _scale(phases: list[Phase], seconds: float, label: int, columns: int) -> Text:
    cells = [" "] * columns
    for phase in phases:
        column = _column(phase.at, seconds, columns)
        for offset, letter in enumerate(f"|{phase.name}"):
            if column + offset < columns:
                cells[column + offset] = letter
    return Text(" " * label + "".join(cells), style="dim")


def _column(at: float, seconds: float, columns: int) -> int:
    return max(0, min(columns - 1, int(at / max(seconds, 0.001) * columns)))
