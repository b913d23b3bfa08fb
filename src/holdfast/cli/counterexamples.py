"""Counter-examples: for each broken promise the requests that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from holdfast.cli.record_words import record_words
from holdfast.rehearsal.verdict import INVARIANTS, Verdict, Violation


def counterexamples(verdict: Verdict, each: int) -> Iterator[RenderableType]:
    """The smallest set of records that clash, for the first violations of every invariant."""
    for invariant, (heading, meaning) in INVARIANTS.items():
        found = [v for v in verdict.violations if v.invariant == invariant]
        if not found:
            continue
        title = Text()
        title.append(f"{invariant}", style="bold red" if heading == "survival" else "bold yellow")
        title.append(f" ({heading}): {meaning}: {verdict.count(invariant)} ×")
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
        table.add_row(*map(Text, record_words(op)), style="dim")
    title = Text(f"  {violation.lineage} at {violation.at:.2f} s: {violation.why}")
    return Group(title, Padding(table, (0, 0, 0, 2)))
