"""The cache stores that Laravel's locks are kept in, and whether all pods see the same ones."""

from __future__ import annotations

from typing import Final

from holdfast.check.facts.storage import kept
from holdfast.check.process import Process
from holdfast.project.connections import connection
from holdfast.project.values import Known

_OF_ONE_POD: Final = {
    "file": "files of one pod",
    "array": "the memory of one request",
    "apc": "the memory of one pod",
    "octane": "the memory of one pod",
    "null": "nothing",
}


def of_one_pod(process: Process, store: str) -> str:
    """What a cache store keeps its locks in, where that is one pod's own; empty where it is not.

    Args:
        process: whose.
        store: its name in ``config/cache.php``.
    """
    settings = process.settings
    if settings.project is None:
        # Laravel's own stores have the names of their drivers.
        return _OF_ONE_POD.get(store, "")
    driver = settings.text(f"cache.stores.{store}.driver")
    if driver == "database":
        return "an SQLite file of one pod" if _sqlite(process, store) else ""
    if driver == "file" and not _in_the_pod(process, store):
        return ""
    return _OF_ONE_POD.get(driver, "")


def _in_the_pod(process: Process, store: str) -> bool:
    """Whether the files of a store's locks are surely on no volume that pods share."""
    settings, project = process.settings, process.settings.project
    group = f"cache.stores.{store}"
    path = settings.text(f"{group}.lock_path") or settings.text(f"{group}.path")
    base = f"{project.directory}/" if project else ""
    if process.container is None or not base or not path.startswith(base):
        return False
    found = kept(process.container, path.removeprefix(base))
    return found is not None and found.of_one_pod


def _sqlite(process: Process, store: str) -> bool:
    settings = process.settings
    name = (
        settings.text(f"cache.stores.{store}.lock_connection")
        or settings.text(f"cache.stores.{store}.connection")
        or settings.text("database.default")
    )
    if settings.project is None or not name:
        return False
    driver = connection(settings.project, "database.connections", name).get("driver")
    return isinstance(driver, Known) and driver.value == "sqlite"
