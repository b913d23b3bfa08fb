"""The command line: one thin file a command; each parses, calls one library function, prints."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

from cyclopts import CycloptsError

from holdfast.cli import exit_status
from holdfast.cli.output import say_error
from holdfast.cli.short_life import short_life
from holdfast.core.errors import EnvironmentLacking, HoldfastError

_EXTRAS = {
    "config": "project",
    "check": "check",
    "rules": "check",
    "explain": "check",
    "render": "kube",
    "init": "kube",
    "schema": "kube",
}
"""What a command needs beside the base; all else is for rehearsals."""


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit: 0 fine, 1 findings, 2 usage, 3 environment, 130 interrupted.

    A :class:`HoldfastError` is one line and a hint on stderr; ``--debug`` adds the traceback.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    sys.exit(_status([word for word in words if word != "--debug"], debug="--debug" in words))


def _status(words: list[str], *, debug: bool) -> int:
    try:
        with short_life():
            from holdfast.cli.app import app, load

            load(words)
        result = app(words, exit_on_error=False, print_error=False, result_action="return_value")
    except ImportError as error:
        # Cyclopts has its own around that of a command's module.
        name = (getattr(error.__cause__, "name", None) or error.name or "").partition(".")[0]
        if name in ("", "holdfast"):
            raise
        extra = _EXTRAS.get(words[0] if words else "", "rehearse")
        say_error(
            f"the Python package {name} is not installed",
            f"pip install '.[{extra}]' in a clone of Holdfast",
        )
        return EnvironmentLacking.exit_status
    except CycloptsError as error:
        say_error(str(error), "holdfast --help lists the commands and options")
        return exit_status.USAGE
    except HoldfastError as error:
        if debug:
            traceback.print_exc()
        for message, hint in error.lines:
            say_error(message, hint)
        return error.exit_status
    except OSError as error:
        if debug:
            traceback.print_exc()
        where = f"{error.filename}: " if error.filename else ""
        not_there = isinstance(error, FileNotFoundError | IsADirectoryError | NotADirectoryError)
        hint = "name what is there" if not_there else "free what is full, or permit what is denied"
        say_error(f"{where}{error.strerror or error}", hint)
        return EnvironmentLacking.exit_status
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
