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
    "failover": "f",
    "kill-primary": "K",
    "partition": "P",
    "split": "2",
    "heal": "h",
    "over": "o",
}
LEGEND = "━ takes traffic  K killed  ^ started  d drained  p paused  x sessions lost here"
SENTINEL_LEGEND = (
    "store: f failed over  K its primary killed  P cut off  2 nodes are primary  h heals  o over"
)
STORE_LEGEND = "store: c answers cut  l slow  b blackhole  F flushed  o over"


def timeline(verdict: Verdict, width: int) -> list[Text]:
    """The lines of one run's timeline, each at most ``width`` characters; a scale comes last."""
    label = max([len(lane.replica) for lane in verdict.lanes], default=0) + 2
    columns = max(20, width - label - 1)
    lines = [_lane(lane, verdict.seconds, label, columns) for lane in verdict.lanes]
    return [*lines, _scale(verdict.phases, verdict.seconds, label, columns)]


def _lane(lane: Lane, seconds: float, label: int, columns: int) -> Text:
    cells: list[tuple[str, str]] = [(" ", "")] * columns
    for begin, end in lane.spans:
        for column in range(_column(begin, seconds, columns), _column(end, seconds, columns) + 1):
            cells[column] = ("━", "green")
    for mark in lane.marks:
        sign = SIGNS.get(mark.what, "")
        column = _column(mark.at, seconds, columns)
        if sign and not (mark.what == "over" and cells[column][0] != " "):
            style = "bold red" if sign in "KF" else "cyan"
            cells[column] = (sign, style)
    for mark in lane.marks:
        if mark.what == "lost":
            column = _column(mark.at, seconds, columns)
            if cells[column][0] != "K":  # the cause is worth more than its effect in the same cell
                cells[column] = ("x", "red")
    line = Text(lane.replica.ljust(label))
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
