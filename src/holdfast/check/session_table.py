"""The tables that sessions are kept in, as the project's migrations leave them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from holdfast.check.application import with_code
from holdfast.check.process import Process, Role
from holdfast.check.target import Target
from holdfast.project.migrations import Table, migrations
from holdfast.project.values import Known


class SessionTable(msgspec.Struct, frozen=True):
    """A table of sessions.

    Args:
        process: that keeps its sessions there.
        table: as the migrations leave it.
        database: Laravel's driver of its connection: ``mysql``, ``pgsql``, ...; empty where that is
            not known.
    """

    process: Process
    table: Table
    database: str


def session_tables(target: Target) -> Iterator[SessionTable]:
    """Those of web processes with the driver ``database`` that a migration creates."""
    for app, directory in with_code(target):
        for process in app.processes:
            settings = process.settings
            if process.role is not Role.WEB or settings.text("session.driver") != "database":
                continue
            table = directory.of(migrations).tables.get(settings.text("session.table"))
            if table is not None:
                yield SessionTable(process, table, _driver(process))


def _driver(process: Process) -> str:
    session = process.settings.session
    found = session.database.get("driver") if session and session.database else None
    known = isinstance(found, Known) and isinstance(found.value, str)
    return str(found.value) if known and isinstance(found, Known) else ""
