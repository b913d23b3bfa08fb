"""One row of the timeline: a label and an SVG as wide as its column, its places in percent.

So it fits a phone and a sheet of paper alike while its letters keep their size.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from holdfast.cli.html.markup import Child, Html, tag
from holdfast.rehearsal.verdict import Phase

NO_FAULT = ("calm", "end")
"""The phases in which nothing is done to anybody."""


def row(label: Child, height: int, described: str, *drawn: Child, kind: str | None = None) -> Html:
    """A label and its picture, ``height`` pixels high; ``described`` is for those who hear it."""
    picture = tag("svg", *drawn, width="100%", height=height, role="img", aria_label=described)
    style = f"row {kind}" if kind else "row"
    return tag("div", tag("div", label, class_="label"), picture, class_=style)


def at(seconds: float, end: float) -> str:
    """The place of a time in a run that lasted until ``end``."""
    return f"{100 * max(0.0, min(1.0, seconds / end)):.3f}%"


def bands(phases: Sequence[Phase], end: float, height: int) -> Iterator[Html]:
    """A line where each phase begins, and a tint under those in which a fault is done."""
    for number, phase in enumerate(phases):
        over = phases[number + 1].at if number + 1 < len(phases) else end
        x = at(phase.at, end)
        if phase.name not in NO_FAULT:
            wide = at(over - phase.at, end)
            tint = f"band {'even' if number % 2 else 'odd'}"
            yield tag("rect", x=x, width=wide, y=0, height=height, class_=tint)
        yield tag("line", x1=x, x2=x, y1=0, y2=height, class_="border")
