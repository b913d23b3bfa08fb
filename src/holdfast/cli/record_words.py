"""One request of a history in words, without the session's handle and token."""

from __future__ import annotations

from holdfast.rehearsal.history import Op


def record_words(op: Op) -> tuple[str, str, str, str, str]:
    """Its number, when it was under way, who answered, what it asked for, what it was shown."""
    return f"#{op.sent.id}", _when(op), _who(op), _request(op), _shown(op)


def _when(op: Op) -> str:
    return f"{op.sent.at:.2f}-{op.answer.at:.2f} s" if op.answer else f"{op.sent.at:.2f} s-"


def _who(op: Op) -> str:
    if op.answer is None or op.answer.replica is None:
        return "-"
    return f"{op.answer.replica}.{op.answer.generation}"


def _request(op: Op) -> str:
    words = " ".join(f"{key}={value}" for key, value in op.sent.args.items())
    jar = " with the cookies from before" if op.sent.jar == "old" else ""
    return f"{op.sent.kind} {words}".rstrip() + jar


def _shown(op: Op) -> str:
    answer = op.answer
    if answer is None:
        return "no answer"
    if answer.state is None:
        return f"{answer.outcome}: {answer.error or answer.status}"
    state = answer.state
    who = "guest" if state.user is None else f"user {state.user}"
    shown = f"{answer.outcome}: session {state.lineage or 'new'}, {who}"
    if "path" in op.sent.args:
        # A visitor sees nothing of what the application keeps.
        return shown
    marks = " ".join(f"{key}={value}" for key, value in state.marks.items())
    shown += f", count {state.count}, cart {len(state.cart)}, orders {len(state.orders)}"
    return shown + (f", {marks}" if marks else "")
