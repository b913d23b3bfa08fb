"""The timeline of one run as inline SVG: replicas' lives, phases, requests, latency and losses.

Every row is an SVG as wide as its column, with horizontal places in percent: it fits a phone and a
sheet of paper alike while its letters keep their size.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from holdfast.cli.html.markup import NOTHING, Child, Html, join, tag
from holdfast.rehearsal.verdict import Lane, Phase, Second, Verdict

MOST_BARS = 120
"""A longer run shows several seconds as one bar."""

_LANE = 30
_CHART = 72

_SHAPES = {
    "kill": "M-5,-9 L5,-9 L5,9 L-5,9 Z M-2,-5 L-2,5 M2.5,-5 L-2,0 L2.5,5",
    "start": "M0,-7 L6,5 L-6,5 Z",
    "drain": "M0,7 L6,-5 L-6,-5 Z",
    "stop": "M-5,-5 L5,-5 L5,5 L-5,5 Z",
    "pause": "M-3,-7 L-3,7 M3,-7 L3,7",
    "resume": "M-4,-6 L6,0 L-4,6 Z",
    "cut": "M-6,0 L-2,0 M2,0 L6,0 M-2,-5 L-2,5 M2,-5 L2,5",
    "slow": "M-6,-5 L6,-5 L-6,5 L6,5 Z",
    "blackhole": "M-6,0 A6,6 0 1,1 6,0 A6,6 0 1,1 -6,0 Z M-2,0 L2,0",
    "flush": "M-6,-6 L6,-6 L3,6 L-3,6 Z",
    "failover": "M-6,4 A6,6 0 0,1 6,4 M6,4 L2,2 M6,4 L8,0",
    "kill-primary": "M-5,-9 L5,-9 L5,9 L-5,9 Z M-5,-9 L5,9 M-5,9 L5,-9",
    "partition": "M0,-9 L0,-4 M0,-1 L0,1 M0,4 L0,9 M-7,0 L-3,0 M3,0 L7,0",
    "split": "M-7,0 A3,3 0 1,1 -1,0 A3,3 0 1,1 -7,0 Z M1,0 A3,3 0 1,1 7,0 A3,3 0 1,1 1,0 Z",
    "heal": "M-6,0 L6,0 M0,-6 L0,6",
    "over": "M-5,0 L-1,5 L6,-6",
    "lost": "M-4.5,-4.5 L4.5,4.5 M-4.5,4.5 L4.5,-4.5",
}
_WORDS = {
    "kill": "killed",
    "start": "started, takes traffic",
    "drain": "out of the balancer",
    "stop": "stop signal sent",
    "pause": "paused",
    "resume": "goes on",
    "cut": "answers of the store cut",
    "slow": "store slow",
    "blackhole": "store does not answer",
    "flush": "store flushed",
    "failover": "store failed over",
    "kill-primary": "the store's primary killed",
    "partition": "the store's primary cut off",
    "split": "two nodes of the store are primary",
    "heal": "cut off no more",
    "over": "fault over",
    "lost": "sessions found lost here",
}


def timeline(verdict: Verdict) -> Html:
    """The whole picture of a run, with its legend."""
    end = max(verdict.seconds, 0.001)
    seen = {mark.what for lane in verdict.lanes for mark in lane.marks}
    return tag(
        "figure",
        *(_lane(lane, verdict.phases, end) for lane in verdict.lanes),
        _phases(verdict.phases, end),
        *_charts(verdict, end),
        _axis(end),
        _legend([what for what in _SHAPES if what in seen], latency=bool(verdict.seconds_series)),
        class_="timeline",
    )


def _row(label: Child, height: int, described: str, *drawn: Child) -> Html:
    picture = tag("svg", *drawn, width="100%", height=height, role="img", aria_label=described)
    style = "row chart" if height >= _CHART // 2 else "row"
    return tag("div", tag("div", label, class_="label"), picture, class_=style)


def _at(at: float, end: float) -> str:
    return f"{100 * max(0.0, min(1.0, at / end)):.3f}%"


def _borders(phases: Sequence[Phase], end: float, height: int) -> Html:
    lines = [
        tag("line", x1=_at(phase.at, end), x2=_at(phase.at, end), y1=0, y2=height, class_="border")
        for phase in phases
    ]
    return join(*lines)


def _lane(lane: Lane, phases: Sequence[Phase], end: float) -> Html:
    spans = [
        tag("rect", x=_at(a, end), width=_at(b - a, end), y=_LANE / 2 - 4, height=8, class_="span")
        for a, b in lane.spans
    ]
    counts = Counter(mark.what for mark in lane.marks)
    told = ", ".join(f"{_WORDS[what]} {counts[what]} ×" for what in _SHAPES if counts[what])
    return _row(
        lane.replica,
        _LANE,
        f"{lane.replica}: {told or 'nothing happened'}",
        _borders(phases, end, _LANE),
        *spans,
        *_marks(lane, end),
    )


def _marks(lane: Lane, end: float) -> Iterator[Html]:
    """Losses first, what was done above them; marks of a kind in one place are drawn once."""
    places: dict[tuple[str, int], list[float]] = {}
    for mark in lane.marks:
        if mark.what in _SHAPES:
            places.setdefault((mark.what, round(200 * mark.at / end)), []).append(mark.at)
    for (what, _), times in sorted(places.items(), key=lambda item: item[0][0] != "lost"):
        times_words = f" ({len(times)} ×)" if len(times) > 1 else ""
        title = tag("title", f"{lane.replica} {_WORDS[what]} at {times[0]:.1f} s{times_words}")
        yield tag(
            "svg",
            tag("g", title, _shape(what)),
            x=_at(times[0], end),
            y=_LANE / 2,
            overflow="visible",
            class_="mark",
        )


def _shape(what: str) -> Html:
    return tag("path", d=_SHAPES[what], class_=f"sign {what}")


def _phases(phases: Sequence[Phase], end: float) -> Html:
    """Their names, in two heights by turns, so that short phases do not write over each other."""
    names = []
    for number, phase in enumerate(phases):
        late = phase.at / end > 0.85
        names.append(
            tag(
                "text",
                phase.name,
                x=_at(phase.at, end),
                dx=-4 if late else 4,
                y=13 + 15 * (number % 2),
                text_anchor="end" if late else "start",
            )
        )
    told = ", ".join(f"{phase.name} from {phase.at:.1f} s" for phase in phases)
    return _row("phase", 34, f"phases: {told}", _borders(phases, end, 34), *names)


def _charts(verdict: Verdict, end: float) -> Iterator[Html]:
    series = verdict.seconds_series
    if not series:
        return
    width = math.ceil(len(series) / MOST_BARS)
    bars = [series[i : i + width] for i in range(0, len(series), width)]
    borders = _borders(verdict.phases, end, _CHART)

    requests = [sum(s.requests for s in bar) / len(bar) for bar in bars]
    errors = [sum(s.errors for s in bar) / len(bar) for bar in bars]
    top = max(requests)
    yield _row(
        _label("requests/s", f"to {top:.0f}"),
        _CHART,
        f"requests a second, {top:.0f} at most; {verdict.errors + verdict.unknown} failed",
        borders,
        *_bars(requests, top, width, end, kind="requests", unit="requests/s"),
        *_bars(errors, top, width, end, kind="errors", unit="errors/s"),
    )
    latencies = [s.p99_ms for s in series if s.p99_ms is not None]
    if latencies:
        highest = max(latencies)
        yield _row(
            _label("latency", f"to {highest:.0f} ms"),
            _CHART,
            f"p50 and p99 latency, {highest:.0f} ms at most",
            borders,
            _line([_over(bar, median, "p50_ms") for bar in bars], highest, width, end, "p50"),
            _line([_over(bar, max, "p99_ms") for bar in bars], highest, width, end, "p99"),
        )
    lost = [float(sum(s.lost for s in bar)) for bar in bars]
    if any(lost):
        yield _row(
            _label("lost", f"to {max(lost):.0f}"),
            _CHART // 2,
            f"sessions found lost: {sum(lost):.0f}, {max(lost):.0f} at most at a time",
            _borders(verdict.phases, end, _CHART // 2),
            *_bars(lost, max(lost), width, end, kind="losses", unit="lost", height=_CHART // 2),
        )


def _label(name: str, scale: str) -> Html:
    return join(name, tag("small", scale))


def _over(bar: Sequence[Second], pick: Callable[[list[float]], float], name: str) -> float | None:
    values = [value for s in bar if (value := getattr(s, name)) is not None]
    return pick(values) if values else None


def _bars(
    values: Sequence[float],
    top: float,
    width: int,
    end: float,
    *,
    kind: str,
    unit: str,
    height: int = _CHART,
) -> Iterator[Html]:
    for number, value in enumerate(values):
        if not value:
            continue
        begin = number * width
        tall = max(1.5, value / top * (height - 2))
        yield tag(
            "rect",
            tag("title", f"{begin} s: {value:.0f} {unit}"),
            x=_at(begin, end),
            width=_at(min(width, end - begin), end),
            y=height - tall,
            height=tall,
            class_=kind,
        )


def _line(values: Sequence[float | None], top: float, width: int, end: float, kind: str) -> Html:
    """A line with a gap where nothing was answered."""
    path = ""
    pen = "M"
    for number, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        begin = number * width
        middle = (begin + min(begin + width, end)) / 2
        x = 1000 * middle / end
        y = 98 - 96 * value / max(top, 0.001)
        # h0: a second between two gaps is a dot, not nothing.
        path += f"{pen}{x:.1f},{y:.1f} {'h0 ' if pen == 'M' else ''}"
        pen = "L"
    if not path:
        return NOTHING
    drawn = tag("path", d=path.rstrip(), class_=f"line {kind}", vector_effect="non-scaling-stroke")
    return tag(
        "svg", drawn, viewBox="0 0 1000 100", preserveAspectRatio="none", width="100%",
        height="100%",
    )  # fmt: skip


def _axis(end: float) -> Html:
    step = _step(end)
    ticks: list[Html] = []
    at = 0.0
    while at <= end:
        late = at / end > 0.92
        anchor = "start" if not at else "end" if late else "middle"
        ticks.append(tag("text", f"{at:g} s", x=_at(at, end), y=14, text_anchor=anchor))
        at += step
    return _row("", 18, f"time, 0 to {end:.0f} seconds", *ticks)


def _step(end: float) -> float:
    """The round step that makes at most six ticks."""
    size: float = 10.0 ** math.floor(math.log10(end / 5))
    return next(size * factor for factor in (1, 2, 5, 10) if end / (size * factor) <= 5)


def _legend(marks: Sequence[str], *, latency: bool) -> Html:
    def item(drawn: Html, words: str) -> Html:
        # An own SVG: signs are drawn about its middle.
        picture = tag("svg", drawn, width=18, height=18, viewBox="-9 -10 18 20", aria_hidden="true")
        return tag("span", picture, words)

    items = [item(tag("rect", x=-9, y=-4, width=18, height=8, class_="span"), "takes traffic")]
    items += [item(_shape(what), _WORDS[what]) for what in marks]
    if latency:
        items.append(item(tag("rect", x=-6, y=-8, width=12, height=16, class_="errors"), "errors"))
        items += [
            item(tag("path", d="M-9,0 L9,0", class_=f"line {kind}"), kind)
            for kind in ("p50", "p99")
        ]
    return tag("figcaption", *items)
