"""Counter-examples: for each broken promise the requests that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from holdfast.rehearsal.history import Answer, Op
from holdfast.rehearsal.verdict import INVARIANTS, Verdict, Violation


def counterexamples(verdict: Verdict, each: int) -> Iterator[RenderableType]:
    """The smallest set of records that clash, for the first violations of every invariant."""
    for invariant, (heading, meaning) in INVARIANTS.items():
        found = [v for v in verdict.violations if v.invariant == invariant]
        if not found:
            continue
        title = Text()
        title.append(f"{invariant}", style="bold red" if heading == "survival" else "bold yellow")
        title.append(f" ({heading}): {meaning}: {len(found)} ×")
        yield title
        for violation in found[:each]:
            yield _counterexample(violation)


def _counterexample(violation: Violation) -> RenderableType:
    table = Table.grid(padding=(0, 1), pad_edge=True)
    table.add_column(justify="right")
    table.add_column(justify="right", no_wrap=True)
    for _ in range(3):
        table.add_column()
    for op in violation.records:
        table.add_row(
            f"#{op.sent.id}", _when(op), _who(op), _request(op), _shown(op.answer), style="dim"
        )
    title = Text(f"  {violation.lineage} at {violation.at:.2f} s: {violation.why}")
    return Group(title, Padding(table, (0, 0, 0, 2)))


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


def _shown(answer: Answer | None) -> str:
    if answer is None:
        return "no answer"
    if answer.state is None:
        return f"{answer.outcome}: {answer.error or answer.status}"
    state = answer.state
    marks = " ".join(f"{key}={value}" for key, value in state.marks.items())
    return (
        f"{answer.outcome}: session {state.lineage or 'new'},"
        f" {'guest' if state.user is None else f'user {state.user}'}, count {state.count},"
        f" cart {len(state.cart)}, orders {len(state.orders)}" + (f", {marks}" if marks else "")
    )
