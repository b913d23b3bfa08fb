"""The verdict: what a rehearsal found, as plain data. The words and tables are made elsewhere."""

from __future__ import annotations

from typing import Literal

import msgspec

from holdfast.rehearsal.compare import Program
from holdfast.rehearsal.history import Op

Heading = Literal["survival", "races"]
Judge = Literal["survival", "all"] | dict[str, int]
"""What is judged: the invariants of one heading or of both, none of which may be violated; or by
invariant how often it may be. One that is not named is not judged."""

INVARIANTS: dict[str, tuple[Heading, str]] = {
    "missing": ("survival", "a session that the browser still carries is missing"),
    "rollback": ("survival", "a session went back to an older state"),
    "durability": ("survival", "an acknowledged write is not in a later read"),
    "phantom": ("survival", "a read shows a write that nobody sent, or one that was refused"),
    "leak": ("survival", "a browser was shown another browser's session"),
    "lost-update": ("races", "an acknowledged write was overwritten by a parallel request"),
    "resurrection": ("races", "a logged-out session answers as logged in again"),
    "late-cookie": ("races", "a late answer put an old cookie back and logged the browser out"),
    "fixation": ("races", "the id from before the login is logged in"),
}
"""Every invariant: its heading, and what its violation means in words."""


LOST = ("missing", "rollback")
"""The invariants by whose violation a session counts as lost."""

LOST_MARK = "lost"
"""The Mark of a session that was found lost; every other one is something that was done."""

MOST_KEPT = 200
"""So many violations of an invariant are kept with their records; all are counted."""


def tolerated(judge: Judge, invariant: str) -> int | None:
    """How often an invariant may be violated; None: it is not judged."""
    if isinstance(judge, dict):
        return judge.get(invariant)
    return 0 if judge == "all" or INVARIANTS[invariant][0] == "survival" else None


def judges(judge: Judge, heading: Heading) -> bool:
    """Whether anything under a heading is judged."""
    return any(
        tolerated(judge, invariant) is not None
        for invariant, (other, _) in INVARIANTS.items()
        if other == heading
    )


def in_words(judge: Judge) -> str:
    """What is judged, for people."""
    if isinstance(judge, dict):
        return ", ".join(f"{name} at most {most}" for name, most in judge.items())
    return "survival" if judge == "survival" else "survival and races"


class Violation(msgspec.Struct, frozen=True):
    """One broken promise.

    Args:
        invariant: a key of INVARIANTS.
        lineage: the session, ``u7.1``.
        at: when the contradiction was seen, seconds since the run began.
        replica: who showed it, ``r2``, or None.
        why: the cause in words, for people.
        records: the smallest set of requests that contradict each other, in order of time.
    """

    invariant: str
    lineage: str
    at: float
    replica: str | None
    why: str
    records: list[Op]

    @property
    def heading(self) -> Heading:
        """What it belongs to: survival or races."""
        return INVARIANTS[self.invariant][0]


class Phase(msgspec.Struct, frozen=True):
    """Latency of the answered requests that began in one phase; milliseconds, None without any.

    ``at`` is when the phase began, seconds since the run began.
    """

    name: str
    at: float
    requests: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None


class Mark(msgspec.Struct, frozen=True):
    """A point on a replica's line: an Event's ``what``, or ``lost`` where a session was lost."""

    at: float
    what: str


class Lane(msgspec.Struct, frozen=True):
    """A replica's line in the timeline: the spans in which it took traffic, and what happened.

    The line of ``store`` has no spans, and runs nothing of ours.
    """

    replica: str
    spans: list[tuple[float, float]]
    marks: list[Mark]
    runs: Program | None = None


class Second(msgspec.Struct, frozen=True, array_like=True):
    """One second of a run, by when its requests began; in JSON an array of its fields in order.

    ``errors`` counts failed answers and those that never came; latencies are of the answered
    requests, milliseconds, None without any; ``lost`` counts the sessions found lost in it.
    """

    requests: int
    errors: int
    p50_ms: float | None
    p99_ms: float | None
    lost: int


class Verdict(msgspec.Struct, frozen=True):
    """What was counted in one run.

    ``sessions_lost`` counts sessions with a survival violation of their own (missing, rollback);
    ``writes_lost`` those acknowledged writes that no parallel request explains, the writes that
    went down with a lost session among them. ``lost_updates`` are writes and openings that a
    parallel request overwrote. A write whose answer was lost counts as acknowledged once a read
    has shown it. ``seconds_series`` has an entry for each second of the run, the last one begun.
    ``violations`` are the first of each invariant, at most MOST_KEPT of each; ``omitted`` says by
    invariant how many more there were.
    ``not_applicable`` names the faults of the plan that could not be done to this setup;
    ``doubts`` says in words why the run may have shown less than it was to show. ``visited``: its
    users were visitors, who write nothing and log nobody out, so that nothing is known of that.
    """

    name: str
    seconds: float
    sessions_opened: int
    sessions_lost: int
    writes_acknowledged: int
    writes_lost: int
    phantoms: int
    leaks: int
    lost_updates: int
    resurrections: int
    late_cookies: int
    fixations: int
    requests: int
    refused: int
    errors: int
    unknown: int
    phases: list[Phase]
    causes: dict[str, int]
    violations: list[Violation]
    lanes: list[Lane]
    seconds_series: list[Second] = []
    not_applicable: list[str] = []
    omitted: dict[str, int] = {}
    doubts: list[str] = []
    visited: bool = False

    @property
    def unproved(self) -> str:
        """Why it proves nothing that no invariant was violated; empty where it proves something."""
        if self.doubts or self.sessions_opened:
            return "; ".join(self.doubts)
        return f"no session was opened in {self.requests} requests, of which {self.errors} failed"

    @property
    def harmed(self) -> bool:
        """Whether anything was done to the deployment: a fault, a command, a key."""
        return any(mark.what != LOST_MARK for lane in self.lanes for mark in lane.marks)

    def count(self, invariant: str) -> int:
        """How often an invariant was violated, those that were not kept included."""
        kept = sum(violation.invariant == invariant for violation in self.violations)
        return kept + self.omitted.get(invariant, 0)

    def label(self, lane: Lane) -> str:
        """A lane's name, with what it runs where not all replicas run the same."""
        programs = {other.runs for other in self.lanes} - {None}
        return f"{lane.replica} {lane.runs}" if lane.runs and len(programs) > 1 else lane.replica

    def broken(self, judge: Judge) -> list[str]:
        """The judged invariants that were violated more often than they may be."""
        return [
            invariant
            for invariant in INVARIANTS
            if (most := tolerated(judge, invariant)) is not None and self.count(invariant) > most
        ]

    def holds(self, judge: Judge) -> bool:
        """Whether no judged invariant was violated more often than it may be."""
        return not self.broken(judge)
