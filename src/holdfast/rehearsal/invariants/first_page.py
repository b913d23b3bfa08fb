"""The session of a first page must be there for the form that the page sends.

A browser's first page gives it a cookie and a token. Where the very next request carries both and
is refused as «page expired» (419), the session was lost before anything could be kept in it: the
array driver does this to everybody, files of one replica to all who are served by another.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.story import Story, state_of
from holdfast.rehearsal.verdict import Violation

PAGE_EXPIRED = 419


def first_page(story: Story) -> Iterator[Violation]:
    """``missing``, at most one for each opening that was refused."""
    for opening in story.own:
        if opening.sent.kind != "open" or opening.answer is None:
            continue
        if opening.answer.status != PAGE_EXPIRED or opening.sent.cookie_from is None:
            continue
        page = story.by_id.get(opening.sent.cookie_from)
        if page is None or page.state is None or _disturbed(story, page, opening):
            continue
        yield Violation(
            invariant="missing",
            lineage=opening.sent.lineage,
            at=opening.end,
            replica=opening.answer.replica,
            why="",
            records=[page, opening],
        )


def _disturbed(story: Story, page: Op, opening: Op) -> bool:
    """Whether another answer may have brought another token, or another request saved its own."""
    others = [
        op for op in story.at_work(page.start, opening.end) if op.id not in (page.id, opening.id)
    ]
    return any(
        op.sent.jar == "own" and op.state is not None and page.end < op.end <= opening.start
        for op in others
    ) or any(
        op.sent.cookie_from is not None and story.carried(op) in (state_of(page).session, None)
        for op in others
    )
