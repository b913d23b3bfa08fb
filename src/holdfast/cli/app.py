"""The commands, by name."""

from __future__ import annotations

from cyclopts import App

from holdfast import __version__
from holdfast.cli.check import check
from holdfast.cli.config import config
from holdfast.cli.explain import explain
from holdfast.cli.rehearse import alone, rehearse
from holdfast.cli.rules import rules

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
app.command(rehearse, validator=alone)
app.command(config)
app.command(check)
app.command(rules)
app.command(explain)
app.register_install_completion_command()
