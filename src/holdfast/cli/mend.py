"""``holdfast check --fix`` and ``--diff``."""

from __future__ import annotations

from rich.text import Text

from holdfast.check.audit import Request, audit
from holdfast.check.fixes import mending, write
from holdfast.check.reports.diff import diff
from holdfast.check.result import Result
from holdfast.cli import exit_status
from holdfast.cli.screen import stderr, stdout

MOST_ROUNDS = 10
"""So often what is left over is mended, where fixes met; then somebody has to look."""

_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def mend(request: Request) -> Result:
    """Mend what can be mended, and check again: what is still found then.

    Raises:
        EnvironmentLacking: a file was changed meanwhile or cannot be written.
    """
    result = audit(request)
    for _ in range(MOST_ROUNDS):
        done = mending(result.found, result.files)
        if not done.changes:
            break
        for change in done.changes:
            write(change, request.base)
            stderr.print(Text(f"mended {change.file}"))
        result = audit(request)
    return result


def show_mending(result: Result) -> int:
    """Print what would be changed; the exit status is 1 where anything would."""
    done = mending(result.found, result.files)
    for change in done.changes:
        for line in diff(change):
            stdout.print(Text(line, style=_STYLES.get(line[:1], "")), soft_wrap=True)
    return exit_status.VIOLATED if done.changes else exit_status.HOLDS
