"""Nobody sees what is not theirs (``leak``), and nothing that nobody wrote (``phantom``)."""

from __future__ import annotations

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
    for op in story.ops:
        if not op.ok or op.state is None:
            continue
        for invariant, what, others in _complaints(story, op, known):
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
    if state.count > (steps := _steps(story, op)):
        yield "phantom", f"it counted {state.count} where {steps} steps were sent", []


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


def _steps(story: Story, op: Op) -> int:
    """How many steps of the counter may have gone into the session that a request was shown.

    Not those whose answers name another session. One that names none may have gone into this one
    before it was opened.
    """
    into = (None, state_of(op).lineage)
    return sum(
        step.sent.kind == "count"
        and step.start < op.end
        and (step.ok or uncertain(step))
        and (step.state is None or step.state.lineage in into)
        for step in story.own
    )
