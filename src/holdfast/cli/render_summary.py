"""What ``holdfast render`` says at its end: a session's way, what was decided, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from holdfast.kube.app import Decision
from holdfast.kube.needed import Needed
from holdfast.kube.session_path import Step


def show_summary(
    console: Console,
    path: Sequence[Step],
    decisions: Sequence[Decision],
    needed: Needed,
    commands: Sequence[str],
) -> None:
    """Print all of it.

    Args:
        commands: that apply it; none where nothing was written.
    """
    _heading(console, "A session's way")
    way = _table()
    for number, step in enumerate(path):
        way.add_row(f"{'-> ' if number else ''}{step.station}", Text(step.value))
    console.print(way)
    if decisions:
        _heading(console, "Decided for you")
        console.print(_decided(decisions))
    _heading(console, "What has to be there")
    there = Table.grid(padding=(0, 1, 0, 2))
    for text in _there(needed):
        there.add_row("-", Text(text))
    console.print(there)
    if commands:
        _heading(console, "Then")
        for command in commands:  # in one line each, to be copied
            console.print(Text(command, style="green"), soft_wrap=True)


def _heading(console: Console, text: str) -> None:
    console.print(Text(f"\n{text}", style="bold"))


def _table() -> Table:
    table = Table.grid(padding=(0, 0, 0, 2))
    table.add_column(style="bold cyan", max_width=24, overflow="fold")
    table.add_column(overflow="fold", ratio=1)
    return table


def _decided(decisions: Sequence[Decision]) -> Table:
    table = _table()
    for one in decisions:
        table.add_row(one.subject, Text.assemble(one.choice, "\n", (one.because, "dim")))
    return table


def _there(needed: Needed) -> Iterable[str]:
    if needed.examples:
        yield f"your own values in the file: those of {', '.join(needed.examples)} are examples"
    if needed.keys:
        yield f"{', '.join(needed.keys)} in {needed.keys_are_in}"
    yield from (f"the Secret {name}, of type kubernetes.io/tls" for name in needed.certificates)
    yield from (f"{project} in the cluster" for project in needed.installed)
