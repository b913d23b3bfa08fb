"""A session that the browser still carries must be there, logged in as it was.

A browser whose cookie was put back by a late answer carries another id: its session is not missing,
the browser was logged out by a race (``late-cookie``). And where a request that had read the
session before it was opened saved it afterwards, the opening was overwritten (``lost-update``).
"""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.overwriter import overwriter
from holdfast.rehearsal.invariants.story import Lineage, Story, shows_lineage, state_of
from holdfast.rehearsal.verdict import Violation


def missing(story: Story) -> Iterator[Violation]:
    """``missing``, ``rollback`` of a login, ``late-cookie``, ``lost-update`` of an opening.

    At most one for each session, the first.
    """
    for lineage in story.lineages.values():
        violation = _first(story, lineage)
        if violation is not None:
            yield violation


def _first(story: Story, lineage: Lineage) -> Violation | None:
    shown = [lineage.opened]
    for op in story.reads[lineage.name]:
        login = next((login for login in reversed(lineage.logins) if login.end <= op.start), None)
        there = shows_lineage(op, lineage.name)
        if there and (login is None or state_of(op).user is not None):
            shown.append(op)
            continue
        late = story.late_cookie(op, lineage)
        if late is not None:
            return _violation("late-cookie", lineage, [*late, op], op)
        if there:
            assert login is not None
            return _violation("rollback", lineage, [login, op], op)
        last = max((s for s in shown if s.end <= op.start), key=lambda s: s.end)
        racer = _overwrote_the_opening(story, lineage, last, op)
        if racer is not None:
            return _violation("lost-update", lineage, [lineage.opened, racer, op], op)
        return _violation("missing", lineage, [last, op], op)
    return None


def _overwrote_the_opening(story: Story, lineage: Lineage, last: Op, read: Op) -> Op | None:
    # A save from before the opening would have put that session's token back too. A login shows the
    # token that it made; that its own was accepted says the same.
    if read.sent.kind != "login" and not _token_was_seen(story, read):
        return None
    return overwriter(
        story,
        lineage.opened,
        read,
        last_seen=last.start,
        shows=lambda op: shows_lineage(op, lineage.name),
    )


def _token_was_seen(story: Story, read: Op) -> bool:
    return story.tokens.get(state_of(read).token, inf) <= read.start


def _violation(invariant: str, lineage: Lineage, records: list[Op], seen: Op) -> Violation:
    return Violation(
        invariant=invariant,
        lineage=lineage.name,
        at=seen.end,
        replica=seen.answer.replica if seen.answer else None,
        why="",
        records=sorted({op.id: op for op in records}.values(), key=lambda op: op.id),
    )
