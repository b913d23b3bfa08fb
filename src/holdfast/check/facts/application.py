"""What the code of an application says, beside the settings of its processes.

The facts are ``project``'s, read once a directory: ``directory.of(code)``, ``of(migrations)``,
``of(packages)``, ``of(routes)``.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.process import Process
from holdfast.check.target import App, Target
from holdfast.manifests.place import Place
from holdfast.project.code import code
from holdfast.project.directory import Directory
from holdfast.project.middleware import Middleware, middleware
from holdfast.project.values import Spot


def with_code(target: Target) -> Iterator[tuple[App, Directory]]:
    """The applications whose project is there and could be read."""
    for app in target.apps:
        if app.directory is not None and any(p.settings.project for p in app.processes):
            yield app, app.directory


def at(app: App, spot: Spot) -> Place:
    """A place in the project, as it is shown."""
    return Place(app.prefix + spot.file, spot.line, spot.column)


def middleware_of(process: Process) -> Middleware | None:
    """What is done with the requests of a process; None without the project."""
    directory, project = process.app.directory, process.settings.project
    if directory is None or project is None:
        return None
    return middleware(directory, project, directory.of(code))
