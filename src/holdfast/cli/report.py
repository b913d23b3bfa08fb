"""Everything that a rehearsal prints at its end: each run's picture, the table, the sentence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from holdfast.cli.counterexamples import counterexamples
from holdfast.cli.timeline import legend, timeline
from holdfast.cli.verdict_table import comparison
from holdfast.rehearsal.verdict import Judge, Verdict, in_words


def whole_report(
    verdicts: Sequence[Verdict], judge: Judge, explain: int, width: int
) -> Iterator[RenderableType]:
    """The report's parts, in the order of printing; nothing where there are no verdicts.

    Args:
        verdicts: of all runs; the last one is judged.
        judge: what it is judged by.
        explain: how many counter-examples of each violated invariant.
        width: of the terminal, in characters.
    """
    if not verdicts:
        return
    yield Text()
    for verdict in verdicts:
        yield Group(
            Text(verdict.name, style="bold"),
            *timeline(verdict, width),
            *legend(verdict, width),
            _why(verdict),
            Text(),
        )
    yield from comparison(verdicts, judge, width)
    yield from counterexamples(verdicts[-1], explain)
    yield _sentence(verdicts[-1], judge)


def _why(verdict: Verdict) -> RenderableType:
    """What lost its sessions, in words, the commonest first."""
    table = Table.grid(padding=(0, 1))
    table.add_column(justify="right", min_width=6, style="bold")
    table.add_column()
    for cause, count in verdict.causes.items():
        table.add_row(f"{count} ×", cause)
    return table


def _sentence(verdict: Verdict, judge: Judge) -> Text:
    good = verdict.holds(judge) and not verdict.unproved
    style = "bold green" if good else "bold red"
    return Text(sentence(verdict, judge), style=style)


def sentence(verdict: Verdict, judge: Judge) -> str:
    """The verdict in one line."""
    judged = in_words(judge)
    line = f"{verdict.name}: {verdict.sessions_lost} sessions lost of {verdict.sessions_opened}"
    if verdict.visited:
        line = f"{line}; judged: {judged}, as far as visitors can tell"
    else:
        writes = f"{verdict.writes_lost} writes lost of {verdict.writes_acknowledged}"
        line = f"{line}, {writes}; judged: {judged}"
    if not verdict.harmed:
        line = f"{line}; nothing was done to it meanwhile"
    if verdict.holds(judge):
        return f"{line}; nothing was proved" if verdict.unproved else line
    return f"{line}; violated: {', '.join(sorted(verdict.broken(judge)))}"
