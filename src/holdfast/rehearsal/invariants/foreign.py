"""Nobody sees what is not theirs (``leak``), and nothing that nobody wrote (``phantom``)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.effect import uncertain
from holdfast.rehearsal.invariants.story import Story, state_of
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.verdict import Violation


@dataclass(frozen=True)
class Sources:
    """Who sent what, over all browsers, whatever came of it.

    Args:
        words: by a word that a state may show, the requests that sent it: an item, ``key=value`` of
            a mark, the name of a session.
        users: the browsers that logged in as a user.
        ids: by the handle of a session id, the answer that showed it first.
    """

    words: Mapping[str, Sequence[Op]]
    users: Mapping[str, frozenset[str]]
    ids: Mapping[str, Op]


def sources(all_stories: list[Story]) -> Sources:
    """Index everything that was sent."""
    words: dict[str, list[Op]] = defaultdict(list)
    users: dict[str, set[str]] = defaultdict(set)
    ids: dict[str, Op] = {}
    for story in all_stories:
        for op in story.ops:
            args = op.sent.args
            match op.sent.kind:
                case "cart":
                    words[args["item"]].append(op)
                case "mark":
                    words[_mark(args["key"], args["value"])].append(op)
                case "open":
                    words[args["lineage"]].append(op)
                case "login":
                    users[args["user"]].add(story.browser)
            if op.state is not None:
                first = ids.setdefault(op.state.session, op)
                if op.end < first.end:
                    ids[op.state.session] = op
    return Sources(dict(words), {user: frozenset(who) for user, who in users.items()}, ids)


def foreign(story: Story, known: Sources) -> Iterator[Violation]:
    """``leak`` and ``phantom``, each the first time that the browser was shown it."""
    told: set[str] = set()
    counts = _counts(story)
    for op in story.ops:
        if not op.ok or op.state is None:
            continue
        for invariant, what, others in [*_complaints(story, op, known), *_overcounted(counts, op)]:
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


def _complaints(story: Story, op: Op, known: Sources) -> Iterator[tuple[str, str, list[Op]]]:
    state = state_of(op)
    first = known.ids[state.session]
    if first.sent.browser != story.browser:
        yield "leak", f"it was given the session id of {first.sent.browser}", [first]
    if state.user is not None and story.browser not in known.users.get(str(state.user), ()):
        yield "leak", f"it was logged in as user {state.user}", []
    if state.lineage is not None and not _is_own(story, state.lineage):
        yield "leak", f"it was shown the session {state.lineage}", []
    yield from _written(story, op, state, known)


def _overcounted(
    counts: Mapping[str | None, list[float]], op: Op
) -> Iterator[tuple[str, str, list[Op]]]:
    count, steps = state_of(op).count, _steps(counts, op)
    if count > steps:
        yield "phantom", f"it counted {count} where {steps} steps were sent", []


def _written(
    story: Story, op: Op, state: State, known: Sources
) -> Iterator[tuple[str, str, list[Op]]]:
    shown = Counter([*state.cart, *state.orders])
    shown.update(_mark(key, value) for key, value in state.marks.items())
    if state.lineage is not None and _is_own(story, state.lineage):
        shown[state.lineage] += 1
    for what, times in shown.items():
        sent = [source for source in known.words.get(what, ()) if source.start < op.end]
        mine = [source for source in sent if source.sent.browser == story.browser]
        able = [source for source in mine if source.ok or uncertain(source)]
        if not sent:
            yield "phantom", f"it was shown {what}, which nobody had sent", []
        elif not mine:
            yield "leak", f"it was shown {what} of {sent[0].sent.browser}", [sent[0]]
        elif not able:
            yield "phantom", f"it was shown {what}, which had been refused", [mine[0]]
        elif times > len(able):
            yield "phantom", f"it was shown {what} {times} times", [able[0]]


def _is_own(story: Story, lineage: str) -> bool:
    return lineage.rpartition(".")[0] == story.browser


def _mark(key: str, value: str) -> str:
    return f"{key}={value}"


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
