"""What a failover of Redis did to a session, in words."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from holdfast.rehearsal.history import Event
from holdfast.rehearsal.verdict import Violation

BY_TWO_PRIMARIES = ("lost-update", "resurrection", "fixation")
"""The races that two primaries bring about too: each compares with what it has itself."""

_FAILS_OVER = ("failover", "kill-primary", "partition")


def failed_over(violation: Violation, events: Sequence[Event]) -> tuple[str, str] | None:
    """The cause, and the same with its time; None where no failover came between.

    What was acknowledged before a failover is there on the new primary, unless that had not
    received it yet. What was acknowledged, or looked for, while two nodes were primary may be on
    one of them alone. The first failover that can have done it is the one.
    """
    *before, seen = violation.records
    for event in events:
        if event.what not in _FAILS_OVER or event.at > seen.end:
            continue
        over = next((e.at for e in events if e.what == "over" and e.at >= event.at), inf)
        if any(op.start > over for op in before):
            continue
        split = next((e for e in events if e.what == "split" and event.at <= e.at <= over), None)
        if split is not None and max(op.end for op in before) >= event.at:
            until = "on" if over == inf else f"to {over:.1f} s"
            cause = "two nodes of the store were primary at a time, and only one of them knew of it"
            return cause, cause.replace("at a time", f"from {split.at:.1f} s {until}")
        cause = "the store failed over to a replica that had not yet received it"
        return cause, cause.replace("a replica", f"a replica at {event.at:.1f} s")
    return None
