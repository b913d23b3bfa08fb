"""``holdfast check``: what would lose, leak or break sessions, found before it ships."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from holdfast.check import baseline as baselines
from holdfast.check import configuration
from holdfast.check.audit import Request, audit
from holdfast.check.catalogue import chosen
from holdfast.check.configuration import Configuration, Threshold
from holdfast.check.finding import Severity
from holdfast.check.reports.report import Report, report
from holdfast.check.result import NotJudged, Result
from holdfast.cli import exit_status
from holdfast.cli.check_outputs import NOTHING_ELSE, Outputs
from holdfast.cli.output import require_writable, write_file
from holdfast.cli.short_life import short_life
from holdfast.cli.variables import variables
from holdfast.core.errors import EnvironmentLacking, HoldfastError, UsageError
from holdfast.project.version import NEWEST, OLDEST

MAX_STDIN = 64 * 1024 * 1024
"""So many bytes of manifests are read from standard input."""

_PIPE = Path("-")

_Flag = Annotated[bool, Parameter(negative="")]
_Words = Annotated[list[str] | None, Parameter(negative="", consume_multiple=False)]


@dataclass(frozen=True, slots=True)
class Judging:
    """What is judged, and how strictly; holdfast.toml may say the same.

    Args:
        project: A Laravel project that is not below the paths; may be given several times.
        env: `NAME=VALUE`, a variable of the pods; wins over manifests and `.env`.
        laravel: The major version, where no project says it.
        select: Only these rules: `HF101`, a name, or how ids begin (`HF5`); separated by commas.
        ignore: Not these rules.
        fail_on: From which severity on the exit status is 1; high.
        strict: Show findings too that could not be judged.
        baseline: Do not show findings that are in this file.
        config: The configuration file; otherwise `holdfast.toml` or `pyproject.toml` here.
    """

    project: Annotated[list[Path] | None, Parameter(negative="", consume_multiple=False)] = None
    env: _Words = None
    laravel: int | None = None
    select: _Words = None
    ignore: _Words = None
    fail_on: Threshold | None = None
    strict: bool | None = None
    baseline: Path | None = None
    config: Path | None = None


USUAL = Judging()


@short_life()
def check(
    *paths: Annotated[Path, Parameter(allow_leading_hyphen=True)],
    judging: Annotated[Judging, Parameter(name="*", group="What is judged")] = USUAL,
    outputs: Annotated[Outputs, Parameter(name="*", group="Reports")] = NOTHING_ELSE,
    path: _Flag = False,
    fix: _Flag = False,
    diff: _Flag = False,
    write_baseline: str | None = None,
) -> int:
    """Find what would lose, leak or break sessions, before it ships.

    Reads Laravel projects, their images and Kubernetes manifests, and judges them together. Nothing
    is run and no cluster is asked. What may be a secret is `***`.

    **Examples**

        holdfast check

        kubectl kustomize overlays/production | holdfast check - --project .

        holdfast check --sarif holdfast.sarif --fail-on critical

    Exit status: 0 nothing as bad as `--fail-on`, 1 findings, 2 usage or nothing to judge, 3 a file
    cannot be read or written, or a rule failed.

    Args:
        paths: Directories and files; `-` is standard input with manifests. Without any: here.
        path: Draw the way of a session, from the cookie to the store, of each Laravel process.
        fix: Mend what can be mended safely, then check again.
        diff: Show what `--fix` would change, and change nothing.
        write_baseline: Write all that is found to this file, for `--baseline`.
    """
    began = datetime.now(UTC)
    _require_one({"--path": path, "--diff": diff, "--fix": fix}, outputs, write_baseline)
    outputs.require_writable()
    if write_baseline is not None:
        require_writable(write_baseline, "--write-baseline")
    settings = _settings(judging)
    request = _request(paths, judging, settings)
    # What is imported here a check alone does not need.
    if path:
        from holdfast.cli.check_path import show_paths

        return show_paths(request)
    if diff:
        from holdfast.cli.mend import show_mending

        result = audit(request)
        _require_something(result)
        return show_mending(request, result)
    if fix:
        from holdfast.cli.mend import mend

        result = mend(request)
    else:
        result = audit(request)
    _require_something(result)
    if write_baseline is not None:
        return _write_baseline(result, write_baseline)
    found = report(
        result,
        fail_on=None if settings.fail_on == "never" else Severity[settings.fail_on.upper()],
        strict=settings.strict,
        baseline=_baseline(settings),
        severities=settings.severities(),
    )
    outputs.write(found, request.rules, began)
    return _status(found)


def _require_one(instead: Mapping[str, bool], outputs: Outputs, write_baseline: str | None) -> None:
    """Raise where options are given of which one would be without effect."""
    given = [option for option, is_given in instead.items() if is_given]
    if write_baseline is not None:
        given.append("--write-baseline")
    if len(given) > 1:
        raise UsageError(
            f"{given[0]} and {given[1]} exclude each other", hint="one after the other"
        )
    reports = outputs.given()
    if given and reports and given != ["--fix"]:
        raise UsageError(
            f"{given[0]} writes no report: {reports[0]} is without effect", hint="leave one out"
        )


def _require_something(result: Result) -> None:
    judged = result.judged
    if not (judged.projects or judged.manifests or result.found):
        raise _nothing_judged(judged.not_judged)


def _nothing_judged(passed_over: Sequence[NotJudged]) -> HoldfastError:
    """What to say where there is nothing, or nothing but what is left out: the first is named."""
    if unreadable := [one for one in passed_over if one.unreadable]:
        first = unreadable[0]
        return EnvironmentLacking(
            f"there is nothing to judge: {first.file} cannot be read ({first.reason})",
            hint="give the right to read it, or leave it out",
        )
    if not passed_over:
        return UsageError(
            "there is nothing to judge: no Laravel project and no manifest",
            hint="name the directory that holds composer.json, or manifests",
        )
    first = passed_over[0]
    count = len(passed_over)
    also = f"; {count:,} files are left out" if count > 1 else ""
    return UsageError(
        f"there is nothing to judge: {first.file} is not judged ({first.reason}){also}",
        hint="name a Laravel project of a version that is known, or rendered manifests",
    )


def _write_baseline(result: Result, name: str) -> int:
    from rich.text import Text

    from holdfast.cli.screen import stdout

    found = report(result, fail_on=None)
    content = baselines.encode(baselines.baseline_of(found.found, found.excerpts.words))
    write_file(content, name)
    many = len(found.found)
    words = f"{many:,} finding{' is' if many == 1 else 's are'}"
    stdout.print(Text(f"{words} in {name} now"))
    return EnvironmentLacking.exit_status if found.incomplete() else exit_status.HOLDS


def _settings(judging: Judging) -> Configuration:
    """The file's settings, with those of the command line over them."""
    file = judging.config or configuration.find(Path.cwd())
    settings = configuration.read(file) if file else Configuration()
    return settings.with_options(
        fail_on=judging.fail_on,
        strict=judging.strict,
        baseline=None if judging.baseline is None else str(judging.baseline),
    )


def _request(paths: tuple[Path, ...], judging: Judging, settings: Configuration) -> Request:
    named = paths or tuple(map(Path, settings.paths))
    # Since - is a path, cyclopts takes for one whatever else begins so and is no option.
    if wrong := [path for path in paths if str(path).startswith("-") and path != _PIPE]:
        raise UsageError(f"there is no option {wrong[0]}", hint="holdfast check --help lists them")
    if judging.laravel is not None and not OLDEST <= judging.laravel <= NEWEST:
        raise UsageError(
            f"--laravel {judging.laravel} is not known", hint=f"{OLDEST} to {NEWEST} are"
        )
    projects = [*(judging.project or ()), *map(Path, settings.project)]
    return Request(
        paths=[_absolute(path) for path in named if path != _PIPE],
        base=Path.cwd(),
        stdin=_standard_input() if _PIPE in named else None,
        projects=[_absolute(path) for path in projects],
        extra=variables(judging.env or []),
        laravel=judging.laravel,
        rules=chosen(_words(judging.select), [*_words(judging.ignore), *settings.disable]),
        exclude=settings.exclude,
    )


def _absolute(path: Path) -> Path:
    # Without «..», so that one file has one name; a link stays what it is called.
    return Path(os.path.normpath(Path.cwd() / path))


def _words(given: list[str] | None) -> list[str]:
    return [word.strip() for words in given or () for word in words.split(",") if word.strip()]


def _standard_input() -> bytes:
    content = sys.stdin.buffer.read(MAX_STDIN + 1)
    if len(content) > MAX_STDIN:
        raise UsageError(
            f"more than {MAX_STDIN:,} bytes on standard input", hint="name files instead"
        )
    return content


def _baseline(settings: Configuration) -> baselines.Baseline | None:
    if settings.baseline is None:
        return None
    try:
        content = Path(settings.baseline).read_bytes()
    except OSError as error:
        raise EnvironmentLacking(
            f"cannot read {settings.baseline}: {error.strerror}",
            hint=f"holdfast check --write-baseline {settings.baseline} writes one",
        ) from error
    return baselines.decode(content, settings.baseline)


def _status(found: Report) -> int:
    if found.incomplete():
        return EnvironmentLacking.exit_status
    return exit_status.VIOLATED if found.fails() else exit_status.HOLDS
