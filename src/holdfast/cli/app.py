"""The commands, by name."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from cyclopts import App

from holdfast import __version__

app = App(
    name="holdfast",
    version=__version__,
    help=(
        "Keeps Laravel's sessions while Kubernetes pods come and go.\n\n"
        "`--debug`, wherever it stands, shows the traceback of an error."
    ),
    help_format="markdown",
    suppress_keyboard_interrupt=False,
)
# By name: a command loads what it needs, and needs no more to be installed.
for command in (
    "rehearse:app",
    "check:check",
    "rules:rules",
    "explain:explain",
    "config:config",
    "render:render",
    "init:init",
    "schema:schema",
):
    app.command(f"holdfast.cli.{command}", name=command.partition(":")[0])
_INSTALL = "--install-completion"


def load(words: Sequence[str]) -> None:
    """Load the command that is called; for the list of commands all of them, for their first lines.

    Raises:
        ImportError: something that the command needs is not installed.
    """
    every = not words or words[0] in app.help_flags  # cyclopts counts these among the commands
    if not every and words[0] in app:
        app[words[0]]
        return
    # Of the commands this alone loads what it needs when it is made known.
    if _INSTALL not in app:
        app.register_install_completion_command(_INSTALL)
    if every:
        for name in app:
            with suppress(ImportError):  # what is not installed has no line
                app[name]
