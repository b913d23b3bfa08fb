"""An id that was given up is dead: ``resurrection`` after a logout, ``fixation`` after a login.

For a moment after a login the old id may lead the browser that had it to the new session, so that
requests in flight are not logged out. That is no fixation while it lasts: nothing lives under the
old id.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.story import Story, state_of
from holdfast.rehearsal.protocol import GRACE_SECONDS
from holdfast.rehearsal.verdict import Violation

_MEANING = {"logout": "resurrection", "login": "fixation"}


def old_ids(story: Story) -> Iterator[Violation]:
    """At most one for each logout or login that was acknowledged."""
    told: set[int] = set()
    for op in story.ops:
        if not op.ok or op.state is None or op.state.user is None:
            continue
        ended = _probed(story, op) if op.sent.jar == "old" else _own_logout(story, op)
        if ended is None or ended.id in told or not ended.ok or op.start < ended.end:
            continue
        if ended.sent.kind == "login" and _in_grace(ended, op):
            continue
        told.add(ended.id)
        yield Violation(
            invariant=_MEANING[ended.sent.kind],
            lineage=ended.sent.lineage,
            at=op.end,
            replica=op.answer.replica if op.answer else None,
            why="",
            records=[ended, op],
        )


def _in_grace(login: Op, op: Op) -> bool:
    """Whether the old id led to the session that the login made, and for no longer than it may."""
    return (
        op.start < login.end + GRACE_SECONDS
        and login.state is not None
        and state_of(op).session == login.state.session
    )


def _probed(story: Story, op: Op) -> Op | None:
    ended = None if op.sent.old_of is None else story.by_id.get(op.sent.old_of)
    return ended if ended is not None and ended.sent.kind in _MEANING else None


def _own_logout(story: Story, op: Op) -> Op | None:
    """The logout after which the browser's own cookies show the session that it had ended."""
    shown = state_of(op).lineage
    return story.logouts.get(shown) if shown in story.lineages else None
