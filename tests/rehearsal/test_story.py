"""What a story and what is known of the others can be asked for, against looking at everything."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from holdfast.rehearsal.history import Answer, Op, Sent
from holdfast.rehearsal.invariants.effect import effect_end
from holdfast.rehearsal.invariants.elsewhere import Elsewhere, word_of
from holdfast.rehearsal.invariants.story import Story
from holdfast.rehearsal.protocol import State

TIMES = st.integers(0, 60)


@st.composite
def histories(draw) -> list[Op]:
    """Requests of two browsers that send, and are shown, few different things."""
    ops = []
    for number, start in enumerate(sorted(draw(st.lists(TIMES, max_size=12))), start=1):
        browser = draw(st.sampled_from(["u1", "u2"]))
        item = draw(st.sampled_from(["a", "b", "c"]))
        session = draw(st.sampled_from(["s", "t"]))
        sent = Sent(number, start, browser, f"{browser}.1", "cart", {"item": item}, "own", None)
        end = start + draw(st.integers(1, 20))
        state = State("r1", 1, session, None, None, "t", [], [], 0, {})
        answer = draw(
            st.sampled_from(
                [
                    None,
                    Answer(number, end, "unknown"),
                    Answer(number, end, "fail", 502),
                    Answer(number, end, "refused", 409),
                    Answer(number, end, "ok", 200, state),
                    Answer(number, end, "ok", 200, state),
                ]
            )
        )
        ops.append(Op(sent, answer))
    return ops


@given(histories(), TIMES, TIMES)
def test_who_was_at_work(ops, begin, end):
    found = list(Story("u1", tuple(ops)).at_work(begin, end))
    expected = [op for op in ops if op.start < end and effect_end(op) > begin]
    assert sorted(found, key=lambda op: op.id) == expected


@given(histories(), TIMES)
def test_who_else_sent_or_was_shown_it(ops, before):
    elsewhere = Elsewhere(ops)
    for position, op in enumerate(ops):
        elsewhere.note(position, op)
    for word in "abcd":
        sent = [op for op in ops if word_of(op.sent) == word and op.start < before]
        assert elsewhere.sent(word, before) == (sent[0] if sent else None)
    for session in "st":
        shown = [op for op in ops if op.state is not None and op.state.session == session]
        if shown:
            assert elsewhere.first_shown(session).end == min(op.end for op in shown)
