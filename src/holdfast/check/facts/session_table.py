"""The tables that sessions are kept in, as the project's migrations leave them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from holdfast.check.facts.application import with_code
from holdfast.check.process import Process, Role
from holdfast.check.target import Target
from holdfast.project.migrations import Table, migrations
from holdfast.project.values import Known


class SessionTable(msgspec.Struct, frozen=True):
    """A table of sessions.

    Args:
        process: that keeps its sessions there.
        table: as the migrations leave it.
        connection: in ``config/database.php``; empty where that is not known.
        database: Laravel's driver of it: ``mysql``, ``pgsql``, ...; empty likewise.
    """

    process: Process
    table: Table
    connection: str
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
                yield SessionTable(process, table, *_connection(process))


def _connection(process: Process) -> tuple[str, str]:
    session = process.settings.session
    if session is None or session.database is None:
        return "", ""
    driver = session.database.get("driver")
    name = driver.value if isinstance(driver, Known) else None
    return session.database.name, name if isinstance(name, str) else ""
