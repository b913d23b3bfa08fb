"""``holdfast check --path``: the way of a session of each Laravel process, in text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from holdfast.check.audit import Request, collect
from holdfast.check.path import Step, session_path
from holdfast.check.reports.excerpt import visible
from holdfast.check.sources.files import Files
from holdfast.cli import exit_status
from holdfast.cli.screen import stdout
from holdfast.core.errors import UsageError


def show_paths(request: Request) -> int:
    """Print the paths of all processes.

    Raises:
        UsageError: nothing there runs Laravel.
    """
    for part in _paths_in_words(request):
        stdout.print(part)
    return exit_status.HOLDS


def _paths_in_words(request: Request) -> Iterator[RenderableType]:
    """The paths of all processes; of an application's first one whole, then what differs."""
    drawn = False
    for target in collect(request, Files(request.base, request.exclude)):
        for app in target.apps:
            whole: tuple[Step, ...] = ()
            for process in app.processes:
                drawn = True
                head = ((str(process), "bold"), f"  {process.role.value} of {app.name}")
                steps = session_path(target, process)
                # What all have in common is drawn once: what is seen of the others is what differs.
                differing = [step for step in steps if step not in whole]
                alike = f", as {app.processes[0]}" if whole else ""
                but = " but for" if whole and differing else ""
                yield Text.assemble(*head, f"{alike}{but}")
                yield _drawn(differing)
                yield Text()
                whole = whole or steps
    if not drawn:
        raise UsageError(
            "nothing there runs Laravel",
            hint="name the directory that holds composer.json, or manifests",
        )


def _drawn(steps: Sequence[Step]) -> Table:
    """The stations from top to bottom, each with what is in effect and where that is written."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold cyan")
    table.add_column(no_wrap=True, style="dim")
    table.add_column(overflow="fold")
    table.add_column(no_wrap=True, overflow="fold", style="dim")  # what editors open
    stations = [(name, list(some)) for name, some in groupby(steps, key=lambda s: s.station)]
    for number, (station, some) in enumerate(stations):
        for first, step in enumerate(some):
            lead = f"{'' if number == 0 else '-> '}{station}" if first == 0 else ""
            value = Text(f"cannot be told: {visible(step.why)}", style="magenta")
            if step.value is not None:
                value = Text(visible(step.value))
            where = visible(str(step.place)) if step.place else ""
            table.add_row(f"  {lead}", step.name, value, where)
    return table
