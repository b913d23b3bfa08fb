"""Files that outlive a pod: a volume, where uploads cannot go to an object store."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object


def volumes(app: App) -> list[Object]:
    """Volumes of every pod of the application."""
    return []


def mounts(app: App) -> list[Object]:
    """Where they are in a container of the application."""
    return []


def objects(app: App) -> Iterator[Object]:
    """The claim of the volume."""
    yield from ()


def decisions(app: App) -> Iterator[Decision]:
    """What was decided about files."""
    yield from ()
