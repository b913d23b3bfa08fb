"""A history in, a verdict out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.explain import explained
from holdfast.rehearsal.history import DEPLOYMENT, Event, Op
from holdfast.rehearsal.invariants.first_page import first_page
from holdfast.rehearsal.invariants.foreign import foreign, sources
from holdfast.rehearsal.invariants.missing import missing
from holdfast.rehearsal.invariants.old_ids import old_ids
from holdfast.rehearsal.invariants.story import stories
from holdfast.rehearsal.invariants.writes import acknowledged, lost_writes, write_violations
from holdfast.rehearsal.verdict import Lane, Mark, Phase, Second, Verdict, Violation

_LOST = ("missing", "rollback")


def judge(
    setup: Setup,
    ops: list[Op],
    events: Sequence[Event],
    seconds: float,
    *,
    not_applicable: Sequence[str] = (),
    doubts: Sequence[str] = (),
) -> Verdict:
    """Judge one run.

    Args:
        setup: what was run; where its sessions lived goes into the words.
        ops: every request of every browser.
        events: everything that was done to the replicas, in order of time.
        seconds: how long the run took.
        not_applicable: the faults that could not be done to this setup.
        doubts: why the run may have shown less than it was to show, in words.
    """
    everyone = stories(ops)
    known = sources(everyone)
    found: list[Violation] = []
    sessions_opened = writes_acknowledged = writes_lost = 0
    for story in everyone:
        refused = list(first_page(story))
        found += refused
        sessions_opened += len(story.lineages) + len(refused)
        found += foreign(story, known)
        found += old_ids(story)
        gone = {violation.lineage: violation for violation in missing(story)}
        found += gone.values()
        for name, lineage in story.lineages.items():
            kept = acknowledged(story, lineage)
            ended = _end(gone.get(name))
            lost = lost_writes(story, lineage, math.inf if ended is None else ended.start)
            found += write_violations(story, lineage, lost)
            raced = {loss.kept.write.id for loss in lost if loss.racer is not None}
            writes_acknowledged += len(kept)
            # What a lost session held is lost with it.
            writes_lost += len(lost if ended is None else kept) - len(raced)
    violations: list[Violation] = []
    causes: Counter[str] = Counter()
    for violation in sorted(found, key=lambda violation: violation.at):
        told, cause = explained(violation, setup, events)
        violations.append(told)
        causes[cause] += 1
    counts = Counter(violation.invariant for violation in violations)
    outcomes = Counter(op.answer.outcome if op.answer else "unknown" for op in ops)
    return Verdict(
        name=setup.name,
        seconds=seconds,
        sessions_opened=sessions_opened,
        sessions_lost=len({v.lineage for v in violations if v.invariant in _LOST}),
        writes_acknowledged=writes_acknowledged,
        writes_lost=writes_lost,
        phantoms=counts["phantom"],
        leaks=counts["leak"],
        lost_updates=counts["lost-update"],
        resurrections=counts["resurrection"],
        late_cookies=counts["late-cookie"],
        fixations=counts["fixation"],
        requests=len(ops),
        refused=outcomes["refused"],
        errors=outcomes["fail"],
        unknown=outcomes["unknown"],
        phases=_phases(ops, events, seconds),
        causes=dict(causes.most_common()),
        violations=violations,
        lanes=_lanes(events, violations, seconds),
        seconds_series=_series(ops, violations, seconds),
        not_applicable=list(not_applicable),
        doubts=list(doubts),
    )


def _end(violation: Violation | None) -> Op | None:
    """The read that found the session itself gone."""
    return violation.records[-1] if violation and violation.invariant == "missing" else None


def _phases(ops: list[Op], events: Sequence[Event], seconds: float) -> list[Phase]:
    begins = [(event.at, event.fault) for event in events if event.what == "phase"]
    ends = [at for at, _ in begins[1:]] + [math.inf]
    phases = []
    for (at, name), end in zip(begins, ends, strict=False):
        mine = [op for op in ops if at <= op.start < end]
        times = _times(mine)
        phases.append(
            Phase(
                name=name,
                at=min(at, seconds),
                requests=len(mine),
                errors=_errors(mine),
                p50_ms=_percentile(times, 50),
                p99_ms=_percentile(times, 99),
            )
        )
    return phases


def _series(ops: list[Op], violations: Sequence[Violation], seconds: float) -> list[Second]:
    count = max(1, math.ceil(seconds))
    begun: list[list[Op]] = [[] for _ in range(count)]
    for op in ops:
        begun[_second(op.start, count)].append(op)
    lost = Counter(_second(v.at, count) for v in violations if v.invariant in _LOST)
    series = []
    for second, mine in enumerate(begun):
        times = _times(mine)
        p50, p99 = _percentile(times, 50), _percentile(times, 99)
        series.append(Second(len(mine), _errors(mine), p50, p99, lost[second]))
    return series


def _second(at: float, count: int) -> int:
    return max(0, min(count - 1, int(at)))


def _times(ops: list[Op]) -> list[float]:
    """Latencies of the answered ones, rising, in milliseconds."""
    return sorted(1000 * (op.end - op.start) for op in ops if op.ok or op.refused)


def _errors(ops: list[Op]) -> int:
    return sum(op.answer is None or op.answer.outcome in ("fail", "unknown") for op in ops)


def _percentile(times: list[float], percent: int) -> float | None:
    if not times:
        return None
    return times[min(len(times) - 1, math.ceil(len(times) * percent / 100) - 1)]


def _lanes(events: Sequence[Event], violations: Sequence[Violation], seconds: float) -> list[Lane]:
    names = sorted({event.replica for event in events if event.replica})
    return [_lane(name, events, violations, seconds) for name in names]


def _lane(
    name: str, events: Sequence[Event], violations: Sequence[Violation], seconds: float
) -> Lane:
    spans: list[tuple[float, float]] = []
    open_since: dict[int, float] = {}
    marks: list[Mark] = []
    for event in events:
        if event.replica != name:
            continue
        if event.what == "start":
            open_since[event.generation] = event.at
        elif event.what in ("kill", "drain"):
            begin = open_since.pop(event.generation, None)
            if begin is not None:
                spans.append((begin, event.at))
        if event.fault:
            marks.append(Mark(event.at, event.what))
    spans += [(begin, seconds) for begin in open_since.values()]
    marks += [
        Mark(violation.at, "lost")
        for violation in violations
        if violation.invariant in _LOST and name in (violation.replica, DEPLOYMENT)
    ]
    return Lane(name, sorted(spans), sorted(marks, key=lambda mark: mark.at))
