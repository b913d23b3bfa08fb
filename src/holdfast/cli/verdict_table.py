"""The verdicts of a comparison as one table: a row a count, a column a choice of store."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from holdfast.cli.timeline import LEGEND, timeline
from holdfast.rehearsal.verdict import INVARIANTS, Judge, Verdict, Violation

_SURVIVAL: list[tuple[str, Callable[[Verdict], int]]] = [
    ("sessions opened", lambda v: v.sessions_opened),
    ("sessions LOST", lambda v: v.sessions_lost),
    ("writes acknowledged", lambda v: v.writes_acknowledged),
    ("writes LOST", lambda v: v.writes_lost),
    ("phantom writes", lambda v: v.phantoms),
    ("leaks between users", lambda v: v.leaks),
]
_RACES: list[tuple[str, Callable[[Verdict], int]]] = [
    ("lost updates", lambda v: v.lost_updates),
    ("logouts undone", lambda v: v.resurrections),
    ("logged out by a late cookie", lambda v: v.late_cookies),
    ("old id logged in", lambda v: v.fixations),
]
_ANSWERS: list[tuple[str, Callable[[Verdict], int]]] = [
    ("requests", lambda v: v.requests),
    ("refused (409, 419)", lambda v: v.refused),
    ("errors", lambda v: v.errors),
    ("no answer", lambda v: v.unknown),
]
_NEUTRAL = {"sessions opened", "writes acknowledged", "requests"}


def comparison(verdicts: Sequence[Verdict], judge: Judge) -> RenderableType:
    """The table; the last column is the one that is judged."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("")
    for verdict in verdicts:
        judged = verdict is verdicts[-1]
        table.add_column(
            f"{verdict.name}{' (judged)' if judged and len(verdicts) > 1 else ''}", justify="right"
        )
    _section(table, "survival", _SURVIVAL, verdicts, bad="bold red")
    _section(table, "races", _RACES, verdicts, bad="bold red" if judge == "all" else "yellow")
    _section(table, "answers", _ANSWERS, verdicts, bad="yellow")
    table.add_section()
    table.add_row(Text("p50 / p99 in ms", style="bold"), *["" for _ in verdicts])
    for name in _phase_names(verdicts):
        table.add_row(f"  {name}", *[_latency(verdict, name) for verdict in verdicts])
    return table


def why(verdict: Verdict) -> RenderableType:
    """What lost its sessions, in words, the commonest first."""
    lines: list[RenderableType] = []
    for cause, count in sorted(verdict.causes.items(), key=lambda item: -item[1]):
        line = Text("  ")
        line.append(f"{count:>4} × ", style="bold")
        line.append(cause)
        lines.append(line)
    return Group(*lines)


def run_picture(verdict: Verdict, width: int) -> RenderableType:
    """One run's timeline under its name, with the legend."""
    return Group(
        Text(verdict.name, style="bold"),
        *timeline(verdict, width),
        Text(f"{LEGEND}", style="dim"),
    )


def counterexamples(verdict: Verdict, each: int) -> Iterable[RenderableType]:
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
    lines = [Text(f"  {violation.lineage} at {violation.at:.2f} s: {violation.why}")]
    for op in violation.records:
        sent, answer = op.sent, op.answer
        arguments = " ".join(f"{key}={value}" for key, value in sent.args.items())
        line = f"    #{sent.id:<5} {sent.at:7.2f} s  {sent.kind:<9} {arguments}"
        if answer is None:
            line += " -> no answer"
        else:
            who = f" by {answer.replica}.{answer.generation}" if answer.replica else ""
            line += f" -> {answer.outcome} at {answer.at:.2f} s{who}"
            if answer.state is not None:
                state = answer.state
                line += (
                    f": lineage={state.lineage or 'none'} user={state.user or 'guest'}"
                    f" count={state.count} cart={len(state.cart)} orders={len(state.orders)}"
                )
        lines.append(Text(line, style="dim"))
    return Group(*lines)


def _section(
    table: Table,
    title: str,
    rows: list[tuple[str, Callable[[Verdict], int]]],
    verdicts: Sequence[Verdict],
    *,
    bad: str,
) -> None:
    if table.row_count:
        table.add_section()
    table.add_row(Text(title, style="bold"), *["" for _ in verdicts])
    for label, count in rows:
        cells = []
        for verdict in verdicts:
            number = count(verdict)
            style = "" if label in _NEUTRAL else "green" if number == 0 else bad
            cells.append(Text(str(number), style=style))
        table.add_row(f"  {label}", *cells)


def _phase_names(verdicts: Sequence[Verdict]) -> list[str]:
    return list(dict.fromkeys(phase.name for verdict in verdicts for phase in verdict.phases))


def _latency(verdict: Verdict, name: str) -> str:
    for phase in verdict.phases:
        if phase.name == name and phase.p50_ms is not None and phase.p99_ms is not None:
            return f"{phase.p50_ms:.0f} / {phase.p99_ms:.0f}"
    return "-"
