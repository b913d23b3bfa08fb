"""What ``holdfast render`` says at its end: a session's way, what was decided, what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from holdfast.kube.app import Decision
from holdfast.kube.needed import Needed
from holdfast.kube.session_path import Step


def summary(
    path: Sequence[Step], decisions: Sequence[Decision], needed: Needed, steps: Sequence[str]
) -> RenderableType:
    """All of it, for a terminal of 80 columns or more.

    Args:
        steps: the commands that apply it; none where nothing was written.
    """
    return Group(
        _heading("A session's way"),
        _way(path),
        *((_heading("Decided for you"), _decided(decisions)) if decisions else ()),
        _heading("Before you apply it"),
        *(_line(text) for text in _before(needed)),
        *((_heading("Then"), *(_command(step) for step in steps)) if steps else ()),
    )


def _heading(text: str) -> RenderableType:
    return Padding(Text(text, style="bold"), (1, 0, 0, 0))


def _way(path: Sequence[Step]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold cyan")
    table.add_column(overflow="fold")
    for number, step in enumerate(path):
        table.add_row(f"  {'-> ' if number else ''}{step.station}", Text(step.value))
    return table


def _decided(decisions: Sequence[Decision]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    table.add_column("  what", min_width=12, overflow="fold")
    table.add_column("choice", min_width=12, overflow="fold", style="cyan")
    table.add_column("because", ratio=1, overflow="fold", style="dim")
    for one in decisions:
        table.add_row(Padding(Text(one.subject), (0, 0, 0, 2)), Text(one.choice), Text(one.because))
    return table


def _before(needed: Needed) -> Iterator[str]:
    keys = ", ".join(needed.secret_keys)
    if needed.secret:
        yield f"the Secret {needed.secret} holds {keys}"
    for project in needed.installed:
        yield f"{project} is installed in the cluster"


def _line(text: str) -> RenderableType:
    return Padding(Text(f"- {text}"), (0, 0, 0, 2))


def _command(text: str) -> RenderableType:
    return Padding(Text(text, style="green", overflow="fold"), (0, 0, 0, 2))
