"""The commands, by name."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from holdfast import __version__
from holdfast.cli.config import config
from holdfast.cli.rehearse import rehearse

app = App(
    name="holdfast",
    version=__version__,
    help="Keeps Laravel's sessions while Kubernetes pods come and go.",
    help_format="markdown",
    suppress_keyboard_interrupt=False,
)
app.command(rehearse)
app.command(config)
app.register_install_completion_command()


@app.meta.default
def _anywhere(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    debug: Annotated[bool, Parameter(negative="")] = False,
) -> Any:
    """Keep Laravel's sessions.

    Args:
        debug: show the traceback of an error.
    """
    return app(tokens, exit_on_error=False, print_error=False, result_action="return_value")
