"""The timeline of one run as inline SVG: what was done, each replica's life, what users saw."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence

from holdfast.cli.html.charts import charts
from holdfast.cli.html.markup import NOTHING, Html, tag
from holdfast.cli.html.row import at, bands, row
from holdfast.cli.marks import LOST, OVER, Sign, in_order, sign
from holdfast.rehearsal.verdict import Lane, Phase, Verdict

_LANE = 30
_NAME = 15
"""Height of a line of phase names, pixels."""

_NARROW = 45.0
"""Letters that fit side by side on a phone."""


def timeline(verdict: Verdict) -> Html:
    """The whole picture of a run, with its legend."""
    end = max(verdict.seconds, 0.001)
    seen = [mark.what for lane in verdict.lanes for mark in lane.marks]
    note = "A loss is marked where it was seen; its cause may lie before."
    return tag(
        "figure",
        _phases(verdict.phases, end),
        *(_lane(verdict.label(lane), lane, verdict.phases, end) for lane in verdict.lanes),
        *charts(verdict, end),
        _axis(end),
        _legend(in_order(seen), series=bool(verdict.seconds_series)),
        tag("p", note, class_="dim") if LOST in seen else NOTHING,
        class_="timeline",
    )


def _phases(phases: Sequence[Phase], end: float) -> Html:
    """Their names, each in the first line where it does not write over the one before it."""
    lines: list[float] = []
    names: list[tuple[int, Phase]] = []
    for phase in phases:
        wide = len(phase.name) + 2
        begin = _NARROW * phase.at / end - (wide if _late(phase, end) else 0)
        line = next((n for n, taken in enumerate(lines) if taken <= begin), len(lines))
        lines[line : line + 1] = [begin + wide]
        names.append((line, phase))
    height = _NAME * max(1, len(lines)) + 4
    texts = [
        tag(
            "text",
            phase.name,
            x=at(phase.at, end),
            dx=-4 if _late(phase, end) else 4,
            y=12 + _NAME * line,
            text_anchor="end" if _late(phase, end) else "start",
        )
        for line, phase in names
    ]
    told = ", ".join(f"{phase.name} from {phase.at:.1f} s" for phase in phases)
    return row("phase", height, f"phases: {told}", *bands(phases, end, height), *texts)


def _late(phase: Phase, end: float) -> bool:
    """Whether its name has no room to the right of where it begins."""
    return _NARROW * (1 - phase.at / end) < len(phase.name) + 1


def _lane(label: str, lane: Lane, phases: Sequence[Phase], end: float) -> Html:
    spans = [
        tag("rect", x=at(a, end), width=at(b - a, end), y=_LANE / 2 - 4, height=8, class_="span")
        for a, b in lane.spans
    ]
    counts = Counter(mark.what for mark in lane.marks)
    told = [f"{drawn.words} {counts[w]} ×" for w in in_order(counts) if (drawn := sign(w))]
    return row(
        label,
        _LANE,
        f"{label}: {', '.join(told) or 'nothing happened'}",
        *bands(phases, end, _LANE),
        *spans,
        *_marks(lane, end),
        kind="lane",
    )


def _marks(lane: Lane, end: float) -> Iterator[Html]:
    """Causes above losses, losses above the rest; marks of a kind in one place are drawn once."""
    places: dict[tuple[str, int], list[float]] = {}
    for mark in lane.marks:
        places.setdefault((mark.what, round(200 * mark.at / end)), []).append(mark.at)
    begun = {place for what, place in places if what not in (LOST, OVER)}
    for (what, place), times in sorted(places.items(), key=lambda item: _height(item[0][0])):
        drawn = sign(what)
        if drawn is None or (what == OVER and begun & {place - 1, place}):
            continue  # what is over at once, as a flush is, needs no second mark
        times_words = f" ({len(times)} ×)" if len(times) > 1 else ""
        title = tag("title", f"{lane.replica} {drawn.words} at {times[0]:.1f} s{times_words}")
        yield tag(
            "svg",
            tag("g", title, _shape(what, drawn)),
            x=at(times[0], end),
            y=_LANE / 2,
            overflow="visible",
            class_="mark",
        )


def _height(what: str) -> int:
    """Which of the signs in one place is drawn above the others."""
    drawn = sign(what)
    if what == LOST or drawn is None:
        return 1
    return 2 if drawn.grave else 0


def _shape(what: str, drawn: Sign) -> Html:
    style = "sign lost" if what == LOST else "sign grave" if drawn.grave else "sign"
    return tag("path", d=drawn.shape, class_=style)


def _axis(end: float) -> Html:
    step = _step(end)
    ticks: list[Html] = []
    place = 0.0
    while place <= end:
        late = place / end > 0.92
        anchor = "start" if not place else "end" if late else "middle"
        ticks.append(tag("text", f"{place:g} s", x=at(place, end), y=14, text_anchor=anchor))
        place += step
    return row("", 18, f"time, 0 to {end:.0f} seconds", *ticks)


def _step(end: float) -> float:
    """The round step that makes at most six ticks."""
    size: float = 10.0 ** math.floor(math.log10(end / 5))
    return next(size * factor for factor in (1, 2, 5, 10) if end / (size * factor) <= 5)


def _legend(marks: Sequence[str], *, series: bool) -> Html:
    def item(drawn: Html, words: str) -> Html:
        # An own SVG: signs are drawn about its middle.
        picture = tag("svg", drawn, width=18, height=18, viewBox="-9 -10 18 20", aria_hidden="true")
        return tag("span", picture, words)

    items = [item(tag("rect", x=-9, y=-4, width=18, height=8, class_="span"), "takes traffic")]
    items += [item(_shape(what, drawn), drawn.words) for what in marks if (drawn := sign(what))]
    if series:
        for kind in ("requests", "errors"):
            items.append(item(tag("rect", x=-6, y=-8, width=12, height=16, class_=kind), kind))
        for kind, words in (("p50", "p50 latency"), ("p99", "p99 latency")):
            items.append(item(tag("path", d="M-9,0 L9,0", class_=f"line {kind}"), words))
    return tag("figcaption", *items)
