"""What the users saw, second by second: requests and errors, latency, sessions found lost."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from holdfast.cli.html.markup import NOTHING, Html, join, tag
from holdfast.cli.html.row import at, bands, row
from holdfast.rehearsal.verdict import Second, Verdict

MOST_BARS = 120
"""A longer run shows several seconds as one bar."""

_HIGH = 84
_LOW = 48


def charts(verdict: Verdict, end: float) -> Iterator[Html]:
    """A row for each; none where the verdict has no series, no losses where there are none."""
    series = verdict.seconds_series
    if not series:
        return
    width = math.ceil(len(series) / MOST_BARS)
    bars = [series[i : i + width] for i in range(0, len(series), width)]

    requests = [sum(s.requests for s in bar) / len(bar) for bar in bars]
    errors = [sum(s.errors for s in bar) / len(bar) for bar in bars]
    top = round_up(max(requests))
    yield row(
        _label("requests", "a second"),
        _HIGH,
        f"requests a second, {max(requests):.0f} at most;"
        f" {verdict.errors + verdict.unknown} failed",
        *bands(verdict.phases, end, _HIGH),
        *_grid({value: value / top for value in (0.0, top / 2, top)}, _HIGH),
        *_bars(requests, top, width, end, _HIGH, kind="requests", unit="requests/s"),
        *_bars(errors, top, width, end, _HIGH, kind="errors", unit="errors/s"),
        kind="chart",
    )
    latencies = [ms for s in series for ms in (s.p50_ms, s.p99_ms) if ms is not None]
    if latencies:
        axis = low, high = decades(latencies)
        ticks = {10.0**n: (n - low) / (high - low) for n in range(low, high + 1)}
        yield row(
            _label("latency", "ms"),
            _HIGH,
            f"p50 and p99 latency, {max(latencies):.0f} ms at most",
            *bands(verdict.phases, end, _HIGH),
            *_grid(ticks, _HIGH),
            _line([_over(bar, median, "p50_ms") for bar in bars], axis, width, end, "p50"),
            _line([_over(bar, max, "p99_ms") for bar in bars], axis, width, end, "p99"),
            kind="chart",
        )
    lost = [float(sum(s.lost for s in bar)) for bar in bars]
    if any(lost):
        top = round_up(max(lost))
        yield row(
            _label("sessions", "found lost"),
            _LOW,
            f"sessions found lost: {sum(lost):.0f}, {max(lost):.0f} at most at a time",
            *bands(verdict.phases, end, _LOW),
            *_grid({0.0: 0.0, top: 1.0}, _LOW),
            *_bars(lost, top, width, end, _LOW, kind="losses", unit="sessions found lost"),
            kind="chart",
        )


def round_up(most: float) -> float:
    """The end of an axis: 1, 2, 4 or 6 times a power of ten, whose half is round too."""
    if most <= 2:
        return 2.0
    power = 10.0 ** math.floor(math.log10(most))
    return next(step * power for step in (1, 2, 4, 6, 10) if step * power >= most)


def decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around the values, from 0.1 on: p50 and p99 are far apart."""
    low = math.floor(math.log10(max(0.1, min(values))))
    return low, max(low + 1, math.ceil(math.log10(max(0.1, *values))))


def _label(name: str, unit: str) -> Html:
    return join(name, tag("small", unit))


def _grid(ticks: dict[float, float], height: int) -> Iterator[Html]:
    """A line across and a number left of it for each value, which stands so far up (0 to 1)."""
    for value, up in ticks.items():
        y = (1 - up) * height
        yield tag("line", x1=0, x2="100%", y1=y, y2=y, class_="grid" if up else "grid zero")
        yield tag("text", f"{value:g}", x=-6, y=y + 4, text_anchor="end")


def _over(bar: Sequence[Second], pick: Callable[[list[float]], float], name: str) -> float | None:
    values = [value for s in bar if (value := getattr(s, name)) is not None]
    return pick(values) if values else None


def _bars(
    values: Sequence[float],
    top: float,
    width: int,
    end: float,
    height: int,
    *,
    kind: str,
    unit: str,
) -> Iterator[Html]:
    for number, value in enumerate(values):
        if not value:
            continue
        begin = number * width
        tall = max(1.5, value / top * height)
        yield tag(
            "rect",
            tag("title", f"{begin} s: {value:.0f} {unit}"),
            x=at(begin, end),
            width=at(min(width, end - begin), end),
            y=height - tall,
            height=tall,
            class_=kind,
        )


def _line(
    values: Sequence[float | None], decades: tuple[int, int], width: int, end: float, kind: str
) -> Html:
    """A line over a logarithmic axis, with a gap where nothing was answered."""
    low, high = decades
    path = ""
    pen = "M"
    for number, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        begin = number * width
        middle = (begin + min(begin + width, end)) / 2
        x = 1000 * middle / end
        y = 100 * (1 - (math.log10(max(value, 10.0**low)) - low) / (high - low))
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
