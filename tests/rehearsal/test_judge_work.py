"""The judge's work grows with the length of a story and not with its square.

Counted in calls of Python functions, which are the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import count

import pytest

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.history import Answer, Op, Sent
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.protocol import State

SHORT, LONG = 100, 800


def request(
    number: int, at: float, kind: str, lineage: str, args: dict[str, str], carried: int | None
) -> Sent:
    return Sent(number, at, "u1", lineage, kind, args, "own", carried)


def shown(session: int, lineage: str | None, steps: int = 0) -> State:
    return State("r1", 1, f"s{session}", lineage, None, f"t{session}", [], [], steps, {})


def forgotten(rounds: int) -> Iterator[Op]:
    """A store that forgets each session at once: every form is refused as expired."""
    for page, form in zip(count(1, 2), range(2, 2 * rounds + 1, 2), strict=False):
        lineage = f"u1.{form // 2}"
        sent = request(page, page, "state", lineage, {}, page - 1 or None)
        yield Op(sent, Answer(page, page + 0.5, "ok", 200, shown(page, None), set_cookie=True))
        sent = request(form, form, "open", lineage, {"lineage": lineage}, page)
        yield Op(sent, Answer(form, form + 0.5, "refused", 419, set_cookie=True))


def lost(rounds: int) -> Iterator[Op]:
    """A store that loses each session after it was opened and written to."""
    for first in range(1, 3 * rounds + 1, 3):
        lineage = f"u1.{first // 3 + 1}"
        for number, kind, args, state in (
            (first, "open", {"lineage": lineage}, shown(first, lineage)),
            (first + 1, "count", {}, shown(first, lineage, 1)),
            (first + 2, "state", {}, shown(first + 2, None)),
        ):
            sent = request(number, number, kind, lineage, args, number - 1 or None)
            yield Op(sent, Answer(number, number + 0.5, "ok", 200, state, set_cookie=True))


def overwritten(rounds: int) -> Iterator[Op]:
    """One session in which of two parallel steps one is lost, each time."""
    state = shown(1, "u1.1")
    sent = request(1, 1, "open", "u1.1", {"lineage": "u1.1"}, None)
    yield Op(sent, Answer(1, 1.5, "ok", 200, state, set_cookie=True))
    for turn in range(1, rounds + 1):
        state = shown(1, "u1.1", turn)
        for number, at, kind in (
            (3 * turn - 1, 3 * turn, "count"),
            (3 * turn, 3 * turn + 0.25, "count"),
            (3 * turn + 1, 3 * turn + 2, "state"),
        ):
            sent = request(number, at, kind, "u1.1", {}, 1)
            yield Op(sent, Answer(number, at + 0.5, "ok", 200, state))


def kept(rounds: int) -> Iterator[Op]:
    """One session in which nothing is lost."""
    sent = request(1, 1, "open", "u1.1", {"lineage": "u1.1"}, None)
    yield Op(sent, Answer(1, 1.5, "ok", 200, shown(1, "u1.1"), set_cookie=True))
    for number in range(2, 2 * rounds, 2):
        state = shown(1, "u1.1", number // 2)
        for at, kind in ((number, "count"), (number + 1, "state")):
            sent = request(at, at, kind, "u1.1", {}, 1)
            yield Op(sent, Answer(at, at + 0.5, "ok", 200, state))


@pytest.mark.parametrize(
    ("play", "found"),
    [(forgotten, "missing"), (lost, "missing"), (overwritten, "lost-update"), (kept, None)],
)
def test_the_work_of_a_request_does_not_grow(play, found):
    short, long = work(play, SHORT, found), work(play, LONG, found)
    assert long / LONG < 1.5 * short / SHORT


def work(play, rounds: int, found: str | None) -> int:
    """Calls that judging takes; ``found`` is what is found in each round."""
    ops = list(play(rounds))
    calls = 0

    def called(frame: object, event: str, what: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(called)
    try:
        verdict = judge(Setup("redis", "shop", "redis"), ops, [], 10.0)
    finally:
        sys.setprofile(before)
    assert verdict.requests == len(ops)
    counts = {v.invariant: verdict.count(v.invariant) for v in verdict.violations}
    assert counts == ({found: rounds} if found else {})
    return calls
