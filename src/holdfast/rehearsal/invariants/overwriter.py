"""Who may have overwritten an acknowledged write: a request in flight together with it.

Laravel writes the whole session back in every request, a page load and a refused one too. So what
was saved meanwhile is lost, on any store, and that is a race and not the store's doing. To accuse
no store of it, and to excuse none by it, a request counts only if all of these hold:

- it carried the session's id, or an id from which the session was moved by a login;
- it was at work together with the write, or with one that was, and so on: in a burst of requests,
  one that had read too early may be overwritten itself by another that had not; or so together
  with a later write that had made the same true again, as a step of the counter does;
- it may still have saved after the last moment at which an answer showed the write;
- its own answer does not show the write: what it shows is what it saved.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.effect import effect_end, overlap
from holdfast.rehearsal.invariants.story import Story


def overwriter(
    story: Story,
    write: Op,
    read: Op,
    *,
    last_seen: float,
    shows: Callable[[Op], bool],
    again: Sequence[Op] = (),
) -> Op | None:
    """The request that explains why ``read`` does not show what ``write`` had written, or None.

    Args:
        last_seen: a moment at or before the last at which the write was known to be there: its own
            sending, or that of a request that was shown it.
        shows: whether an answered request shows the write.
        again: later writes that may have brought it about once more before ``last_seen``.
    """
    ids = {story.carried(write), story.carried(read)} - {None}
    if write.state is not None:
        ids.add(write.state.session)
    found = [
        op
        for op in story.bursts.joined(frozenset(ids), write, again)
        if op.id != write.id
        and (op.id != read.id or overlap(op, write))
        and op.start < read.end
        and effect_end(op) > last_seen
        and not (op.state is not None and shows(op))
    ]
    # Of several, the plainest: at work together with the write itself, and answered.
    return max(found, key=lambda op: (overlap(op, write), op.ok, op.start), default=None)
