"""Where Composer finds an application's own classes (``autoload.psr-4`` of ``composer.json``)."""

from __future__ import annotations

from pathlib import PurePosixPath

from holdfast.core.errors import EnvironmentLacking, FormatError
from holdfast.project.directory import Directory


def namespaces(directory: Directory) -> list[tuple[str, str]]:
    r"""Prefixes of class names and their directories: ``App\`` and ``app``; longest prefix first.

    Directories outside of the project are left out.
    """
    try:
        loaded = directory.json("composer.json").get("autoload")
    except (FormatError, EnvironmentLacking):
        loaded = None
    spaces = loaded.get("psr-4") if isinstance(loaded, dict) else None
    if not isinstance(spaces, dict):
        return [("App\\", "app")]
    found = [
        (str(prefix), str(PurePosixPath(str(root))))
        for prefix, roots in spaces.items()
        for root in (roots if isinstance(roots, list) else [roots])
        if ".." not in PurePosixPath(str(root)).parts and not str(root).startswith("/")
    ]
    return sorted(found, key=lambda pair: len(pair[0]), reverse=True)


def class_file(directory: Directory, name: str) -> str | None:
    """The file of a class, relative to the project; None for a class that is not its own."""
    wanted = name.lstrip("\\")
    for prefix, root in namespaces(directory):
        if wanted.startswith(prefix):
            path = f"{root}/{wanted.removeprefix(prefix).replace(chr(92), '/')}.php"
            if (directory.root / path).is_file():
                return path
    return None
