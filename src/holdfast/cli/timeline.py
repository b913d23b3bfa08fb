"""The timeline of a run in text: a line a replica, what was done to it, where sessions got lost."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from holdfast.cli.marks import LOST, OVER, in_order, sign
from holdfast.rehearsal.verdict import Lane, Mark, Phase, Verdict


def timeline(verdict: Verdict, width: int) -> list[Text]:
    """The lines of one run's timeline, each at most ``width`` characters; a scale comes last."""
    label = max([len(verdict.label(lane)) for lane in verdict.lanes], default=0) + 2
    columns = max(20, width - label - 1)
    lines = [
        Text(verdict.label(lane).ljust(label)) + _lane(lane, verdict.seconds, columns)
        for lane in verdict.lanes
    ]
    return [*lines, _scale(verdict.phases, verdict.seconds, label, columns)]


def legend(verdict: Verdict, width: int) -> Iterator[Text]:
    """What the signs of this run's timeline mean, in lines of at most ``width`` characters."""
    line = "━ takes traffic"
    for what in in_order(mark.what for lane in verdict.lanes for mark in lane.marks):
        if drawn := sign(what):
            item = f"{drawn.letter} {drawn.words}"
            if len(line) + 2 + len(item) > width:
                yield Text(line, style="dim")
                line = item
            else:
                line += f"  {item}"
    yield Text(line, style="dim")


def _lane(lane: Lane, seconds: float, columns: int) -> Text:
    cells: list[tuple[str, str]] = [(" ", "")] * columns
    for begin, end in lane.spans:
        for column in range(_column(begin, seconds, columns), _column(end, seconds, columns) + 1):
            cells[column] = ("━", "green")
    causes: set[int] = set()
    for mark in sorted(lane.marks, key=_weight):
        drawn = sign(mark.what)
        column = _column(mark.at, seconds, columns)
        if drawn is None:
            continue
        if mark.what == LOST:
            if column not in causes:  # the cause is worth more than its effect in the same cell
                cells[column] = (drawn.letter, "red")
            continue
        cells[column] = (drawn.letter, "bold red" if drawn.grave else "cyan")
        if drawn.grave:
            causes.add(column)
    line = Text()
    for letter, style in cells:
        line.append(letter, style)
    return line


def _weight(mark: Mark) -> int:
    """Of several marks in one cell the heaviest is seen."""
    if mark.what in (OVER, LOST):
        return 0 if mark.what == OVER else 3
    drawn = sign(mark.what)
    return 2 if drawn is not None and drawn.grave else 1


def _scale(phases: list[Phase], seconds: float, label: int, columns: int) -> Text:
    cells = [" "] * columns
    for phase in phases:
        column = _column(phase.at, seconds, columns)
        begin, word = column, f"|{phase.name}"
        if begin + len(word) > columns:  # no room to the right of where it begins
            begin, word = column - len(phase.name), f"{phase.name}|"
        for place, letter in enumerate(word, begin):
            if 0 <= place < columns:
                cells[place] = letter
    return Text(" " * label + "".join(cells), style="dim")


def _column(at: float, seconds: float, columns: int) -> int:
    return max(0, min(columns - 1, int(at / max(seconds, 0.001) * columns)))
