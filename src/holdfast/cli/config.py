"""``holdfast config``: what a Laravel directory says about its sessions, and where it says so."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich import box
from rich.table import Table
from rich.text import Text

from holdfast.cli import exit_status
from holdfast.cli.output import write_json
from holdfast.cli.screen import stdout
from holdfast.cli.variables import variables
from holdfast.project.effective import Effective, Shown, effective_session
from holdfast.project.project import Project, load
from holdfast.project.values import Source


def config(
    directory: Path,
    *,
    env: Annotated[list[str] | None, Parameter(negative="", consume_multiple=False)] = None,
    laravel: int | None = None,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """Show the effective session configuration of a Laravel project, without running it.

    Each value comes with where it is from: a line of a configuration file, a line of `.env`, the
    environment, or the framework's own default. What cannot be evaluated is listed last, with file
    and line; nothing is guessed. Keys and passwords are never shown.

    **Examples**

        holdfast config ~/shop

        holdfast config ~/shop --env APP_ENV=production --env SESSION_DRIVER=redis

        holdfast config ~/shop --json

    Exit status: 0 shown, 2 no Laravel project, 3 unreadable.

    Args:
        directory: The directory that holds `composer.json` and `config`.
        env: `NAME=VALUE` on top of this process's environment; wins over `.env`, as in Laravel.
        laravel: The major version, where nothing in the directory says it.
        json: Write JSON to stdout.
    """
    project = load(directory, {**os.environ, **variables(env or [])}, laravel=laravel)
    found = effective_session(project)
    if json:
        write_json(_as_json(project, found), "-")
        return exit_status.HOLDS
    stdout.print(_table(found))
    if found.missing:
        stdout.print(_missing(found))
    for line in _notes(project):
        stdout.print(Text(line, style="dim"))
    return exit_status.HOLDS


def _table(found: Effective) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("where from", overflow="fold", style="dim")
    for row in found.rows:
        table.add_row(Text(row.name), Text(_words(row.name, row.value)), Text(str(row.source)))
    return table


def _missing(found: Effective) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("unknown", no_wrap=True, style="yellow")
    table.add_column("where", overflow="fold")
    table.add_column("what stands there", overflow="fold")
    table.add_column("why", overflow="fold")
    for row in found.missing:
        table.add_row(*(Text(_visible(t)) for t in (row.name, row.place, row.expression, row.why)))
    return table


def _notes(project: Project) -> list[str]:
    if project.cached:
        return [f"{project.cached} is there: Laravel reads neither .env nor config/"]
    return []


def _words(name: str, value: Shown) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            return " in ".join(map(str, value))
        case int() if name == "lifetime":
            return f"{value // 60} min"
        case str():
            return _visible(value) or '""'
    return str(value)


def _visible(text: str) -> str:
    """A text without what a terminal would obey."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _as_json(project: Project, found: Effective) -> dict[str, Any]:
    return {
        "directory": str(project.directory),
        "laravel": str(project.release),
        "environment_file": project.environment.file or None,
        "cached": project.cached or None,
        "values": {
            row.name: {"value": row.value, "from": str(row.source), **_where(row.source)}
            for row in found.rows
        },
        "unknown": [
            {
                "name": row.name,
                "where": row.place,
                "expression": row.expression,
                "why": row.why,
            }
            for row in found.missing
        ],
    }


def _where(source: Source) -> dict[str, Any]:
    return {
        "places": list(source.places),
        "variables": [{"name": use.name, "where": use.place} for use in source.uses],
    }
