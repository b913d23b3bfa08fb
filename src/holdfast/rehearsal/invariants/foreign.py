"""Nobody sees what is not theirs (``leak``), and nothing that nobody wrote (``phantom``)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import chain

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.effect import uncertain
from holdfast.rehearsal.invariants.elsewhere import Elsewhere, mark_words
from holdfast.rehearsal.invariants.story import Story, state_of
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.verdict import Violation


def foreign(story: Story, elsewhere: Elsewhere) -> Iterator[Violation]:
    """``leak`` and ``phantom``, each the first time that the browser was shown it."""
    told: set[str] = set()
    counts = _counts(story)
    first_shown = cache(elsewhere.first_shown)
    for op in story.ops:
        if not op.ok or op.state is None:
            continue
        first = first_shown(state_of(op).session)
        for invariant, what, others in chain(
            _ids(story, op, first), _written(story, op, elsewhere), _overcounted(counts, op)
        ):
            if what not in told:
                told.add(what)
                yield Violation(
                    invariant=invariant,
                    lineage=op.sent.lineage,
                    at=op.end,
                    replica=op.answer.replica if op.answer else None,
                    why=what,
                    records=sorted([*others, op], key=lambda record: record.id),
                )


def _ids(story: Story, op: Op, first: Op) -> Iterator[tuple[str, str, list[Op]]]:
    state = state_of(op)
    if first.sent.browser != story.browser:
        yield "leak", f"it was given the session id of {first.sent.browser}", [first]
    if state.user is not None and str(state.user) not in story.users:
        yield "leak", f"it was logged in as user {state.user}", []
    if state.lineage is not None and not _is_own(story, state.lineage):
        yield "leak", f"it was shown the session {state.lineage}", []


def _overcounted(
    counts: Mapping[str | None, list[float]], op: Op
) -> Iterator[tuple[str, str, list[Op]]]:
    count, steps = state_of(op).count, _steps(counts, op)
    if count > steps:
        yield "phantom", f"it counted {count} where {steps} steps were sent", []


def _written(story: Story, op: Op, elsewhere: Elsewhere) -> Iterator[tuple[str, str, list[Op]]]:
    for what, times in _shown(story, state_of(op)).items():
        mine = [source for source in story.words.get(what, ()) if source.start < op.end]
        able = [source for source in mine if source.ok or uncertain(source)]
        if not mine:
            other = elsewhere.sent(what, op.end)
            if other is None:
                yield "phantom", f"it was shown {what}, which nobody had sent", []
            else:
                yield "leak", f"it was shown {what} of {other.sent.browser}", [other]
        elif not able:
            yield "phantom", f"it was shown {what}, which had been refused", [mine[0]]
        elif times > len(able):
            yield "phantom", f"it was shown {what} {times} times", [able[0]]


def _shown(story: Story, state: State) -> Counter[str]:
    shown = Counter([*state.cart, *state.orders])
    shown.update(mark_words(key, value) for key, value in state.marks.items())
    if state.lineage is not None and _is_own(story, state.lineage):
        shown[state.lineage] += 1
    return shown


def _is_own(story: Story, lineage: str) -> bool:
    return lineage.rpartition(".")[0] == story.browser


def _steps(counts: Mapping[str | None, list[float]], op: Op) -> int:
    """How many steps of the counter may have gone into the session that a request was shown."""
    into = {None, state_of(op).lineage}
    return sum(bisect_left(counts.get(name, []), op.end) for name in into)


def _counts(story: Story) -> dict[str | None, list[float]]:
    """When steps of the counter were sent, by the session that they went into.

    Under None are those without an answer, and those that may have gone into a session before it
    was opened.
    """
    counts: dict[str | None, list[float]] = defaultdict(list)
    for op in story.own:
        if op.sent.kind == "count" and (op.ok or uncertain(op)):
            counts[op.state.lineage if op.state is not None else None].append(op.start)
    for starts in counts.values():
        starts.sort()
    return counts
