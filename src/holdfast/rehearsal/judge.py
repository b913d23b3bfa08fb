"""A history in, a verdict out: one pass over all of it, then one story after the other."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.findings import Findings
from holdfast.rehearsal.history import DEPLOYMENT, STORE, Event, Op
from holdfast.rehearsal.invariants.elsewhere import Elsewhere
from holdfast.rehearsal.invariants.first_page import first_page
from holdfast.rehearsal.invariants.foreign import foreign
from holdfast.rehearsal.invariants.missing import missing
from holdfast.rehearsal.invariants.old_ids import old_ids
from holdfast.rehearsal.invariants.story import Story
from holdfast.rehearsal.invariants.writes import acknowledged, lost_writes, write_violations
from holdfast.rehearsal.load import Load
from holdfast.rehearsal.verdict import LOST, Lane, Mark, Verdict, Violation


def judge(
    setup: Setup,
    ops: Sequence[Op],
    events: Sequence[Event],
    seconds: float,
    *,
    not_applicable: Sequence[str] = (),
    doubts: Sequence[str] = (),
    visited: bool = False,
) -> Verdict:
    """Judge one run.

    Args:
        setup: what was run; where its sessions lived goes into the words.
        ops: every request of every browser, in the order of sending. Of those that are read from a
            file, one browser's are in memory at a time, and some 60 bytes of each other.
        events: everything that was done to the replicas, in order of time.
        seconds: how long the run took.
        not_applicable: the faults that could not be done to this setup.
        doubts: why the run may have shown less than it was to show, in words.
        visited: whether its users were visitors.
    """
    load = Load(events, seconds)
    elsewhere = Elsewhere(ops)
    browsers: dict[str, array[int]] = {}
    outcomes: Counter[str] = Counter()
    for position, op in enumerate(ops):
        load.add(op)
        elsewhere.note(position, op)
        browsers.setdefault(op.sent.browser, array("I")).append(position)
        outcomes[op.answer.outcome if op.answer else "unknown"] += 1
    findings = Findings(setup, events, load.second)
    counts: Counter[str] = Counter()
    for browser, positions in browsers.items():
        story = Story(browser, tuple(ops[position] for position in positions))
        counts.update(_judge(story, elsewhere, findings))
        # Only then is there memory for the next one.
        del story
    return Verdict(
        name=setup.name,
        seconds=seconds,
        sessions_opened=counts["sessions opened"],
        sessions_lost=counts["sessions lost"],
        writes_acknowledged=counts["writes acknowledged"],
        writes_lost=counts["writes lost"],
        phantoms=findings.counts["phantom"],
        leaks=findings.counts["leak"],
        lost_updates=findings.counts["lost-update"],
        resurrections=findings.counts["resurrection"],
        late_cookies=findings.counts["late-cookie"],
        fixations=findings.counts["fixation"],
        requests=len(ops),
        refused=outcomes["refused"],
        errors=outcomes["fail"],
        unknown=outcomes["unknown"],
        phases=load.phases(),
        causes=dict(findings.causes.most_common()),
        violations=findings.violations(),
        omitted=findings.omitted(),
        lanes=_lanes(setup, events, findings.marks, seconds),
        seconds_series=load.series(findings.lost),
        not_applicable=list(not_applicable),
        doubts=list(doubts),
        visited=visited,
    )


def _judge(story: Story, elsewhere: Elsewhere, findings: Findings) -> dict[str, int]:
    """Judge one browser's story; what is counted of it beside its violations."""
    refused = list(first_page(story))
    gone = {violation.lineage: violation for violation in missing(story)}
    found = [*refused, *foreign(story, elsewhere), *old_ids(story), *gone.values()]
    writes_acknowledged = writes_lost = 0
    for name, lineage in story.lineages.items():
        kept = acknowledged(story, lineage)
        ended = _end(gone.get(name))
        lost = lost_writes(story, lineage, math.inf if ended is None else ended.start)
        found += write_violations(story, lineage, lost)
        raced = {loss.kept.write.id for loss in lost if loss.racer is not None}
        writes_acknowledged += len(kept)
        # What a lost session held is lost with it.
        writes_lost += len(lost if ended is None else kept) - len(raced)
    for violation in found:
        findings.add(violation)
    return {
        "sessions opened": len(story.lineages) + len(refused),
        "sessions lost": len({v.lineage for v in found if v.invariant in LOST}),
        "writes acknowledged": writes_acknowledged,
        "writes lost": writes_lost,
    }


def _end(violation: Violation | None) -> Op | None:
    """The read that found the session itself gone."""
    return violation.records[-1] if violation and violation.invariant == "missing" else None


def _lanes(
    setup: Setup, events: Sequence[Event], lost: Mapping[str, Sequence[Mark]], seconds: float
) -> list[Lane]:
    names = sorted({event.replica for event in events if event.replica})
    # A deployment has no other lanes, whatever its replicas call themselves in answers.
    by_name = {**lost, DEPLOYMENT: [mark for marks in lost.values() for mark in marks]}
    lanes = [_lane(name, events, by_name.get(name, ()), seconds) for name in names]
    return [
        lane
        if lane.replica in (STORE, DEPLOYMENT)
        else replace(lane, runs=setup.runs(lane.replica))
        for lane in lanes
    ]


def _lane(name: str, events: Sequence[Event], lost: Sequence[Mark], seconds: float) -> Lane:
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
    marks += lost
    return Lane(name, sorted(spans), sorted(marks, key=lambda mark: mark.at))
