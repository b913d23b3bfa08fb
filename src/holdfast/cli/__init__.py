"""The command line: one thin file a command; each parses, calls one library function, prints."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from holdfast import __version__
from holdfast.cli import exit_status
from holdfast.cli.config import config
from holdfast.cli.output import say_error
from holdfast.cli.rehearse import rehearse
from holdfast.core.errors import HoldfastError

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


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 fine, 1 findings, 2 usage, 3 environment, 130 interrupted.

    A :class:`HoldfastError` is one line and a hint on stderr; ``--debug`` adds the traceback.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    sys.exit(_status([word for word in words if word != "--debug"], debug="--debug" in words))


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


def _status(words: list[str], *, debug: bool) -> int:
    try:
        result = app.meta(
            words, exit_on_error=False, print_error=False, result_action="return_value"
        )
    except CycloptsError as error:
        say_error(str(error), "holdfast --help lists the commands and options")
        return exit_status.USAGE
    except HoldfastError as error:
        if debug:
            traceback.print_exc()
        say_error(str(error), error.hint)
        return error.exit_status
    except KeyboardInterrupt:
        say_error("interrupted", "")
        return exit_status.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - a bug is one line too, and says how to see more
        if debug:
            traceback.print_exc()
        say_error(
            f"{type(error).__name__}: {error}", "this is a bug in Holdfast; --debug shows where"
        )
        return exit_status.BUG
    return result if isinstance(result, int) else 0
