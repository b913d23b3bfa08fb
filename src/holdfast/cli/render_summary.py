"""What ``holdfast render`` says at its end: a session's way, what was decided, what is left."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import zip_longest

from rich.console import Console
from rich.text import Text

from holdfast.kube.app import Decision
from holdfast.kube.needed import Needed
from holdfast.kube.session_path import Step

_LABEL = 24
"""Characters of what stands on the left."""


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
    for number, step in enumerate(path):
        _row(console, f"{'-> ' if number else ''}{step.station}", Text(step.value))
    if decisions:
        _heading(console, "Decided for you")
        for one in decisions:
            _row(console, one.subject, Text(one.choice), Text(one.because, "dim"))
    _heading(console, "What has to be there")
    for text in _there(needed):
        for line in _lines(Text(f"- {text}"), console.width - 4, "  "):
            console.print(Text("  ").append(line), soft_wrap=True)
    if commands:
        _heading(console, "Then")
        for command in commands:  # in one line each, to be copied
            style = "dim" if command.startswith("#") else "green"
            console.print(Text(command, style=style), soft_wrap=True)


def _heading(console: Console, text: str) -> None:
    console.print(Text(f"\n{text}", style="bold"))


def _row(console: Console, label: str, *texts: Text) -> None:
    """A label, and texts beside it, each on lines of its own."""
    labels = _lines(Text(label, "bold cyan"), _LABEL)
    width = max(console.width - _LABEL - 4, _LABEL)
    values = [line for text in texts for line in _lines(text, width)]
    for left, right in zip_longest(labels, values, fillvalue=Text()):
        space = " " * (_LABEL + 2 - left.cell_len)
        console.print(Text.assemble("  ", left, space, right), soft_wrap=True)


def _lines(text: Text, width: int, indent: str = "") -> list[Text]:
    """Broken at spaces alone: half an address or half a command is another one."""
    style = text.style
    return [
        Text(line, style)
        for line in textwrap.wrap(
            text.plain,
            width,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    ]


def _there(needed: Needed) -> Iterable[str]:
    if needed.examples:
        yield f"the real {', '.join(needed.examples)} in the file: those there are examples"
    if needed.keys:
        yield f"{', '.join(needed.keys)} in {needed.keys_are_in}"
    yield from (f"the Secret {name}, of type kubernetes.io/tls" for name in needed.certificates)
    yield from (f"{project} in the cluster" for project in needed.installed)
