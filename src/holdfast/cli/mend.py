"""``holdfast check --fix`` and ``--diff``."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from holdfast.check.audit import Request, audit
from holdfast.check.fixes import Mending, below, mending, write
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
        done = _mending(request, result)
        if not done.changes:
            break
        for change in done.changes:
            write(change, request.base)
            stderr.print(Text(f"mended {change.file}"))
        result = audit(request)
    _say_how_many(done, result)
    return result


def show_mending(request: Request, result: Result) -> int:
    """Print what would be changed; the exit status is 1 where anything would."""
    done = _mending(request, result)
    for change in done.changes:
        for line in diff(change):
            stdout.print(Text(line, style=_STYLES.get(line[:1], "")), soft_wrap=True)
    _say_how_many(done, result)
    return exit_status.VIOLATED if done.changes else exit_status.HOLDS


def _mending(request: Request, result: Result) -> Mending:
    where = below(request.base, (*request.paths, *request.projects))
    return mending(result.found, result.files, where)


def _say_how_many(done: Mending, result: Result) -> None:
    sure = [found for found in result.found if not found.finding.unknown]
    if sure:
        many = f"{len(done.mended):,} of {len(sure):,} finding{'' if len(sure) == 1 else 's'}"
        why = "".join(f"; {words}" for words in _why_not(done, len(sure)))
        stderr.print(Text(f"{many} can be mended{why}"), soft_wrap=True)


def _why_not(done: Mending, sure: int) -> Iterator[str]:
    if done.left:
        yield f"the edits of {len(done.left):,} meet these and are for the next round"
    if done.outside:
        names = sorted({edit.file for one in done.outside for edit in one.finding.edits})
        outside = ", ".join("standard input" if name == "-" else name for name in names[:3])
        yield f"{len(done.outside):,} would change what is not a file below the paths: {outside}"
    if rest := sure - sum(map(len, (done.mended, done.left, done.outside))):
        yield f"{rest:,} need somebody to decide (holdfast rules shows what --fix mends)"
