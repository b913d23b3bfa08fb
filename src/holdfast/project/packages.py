"""Which Composer packages a project has, and what its ``composer.json`` runs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from holdfast.core.errors import EnvironmentLacking, FormatError
from holdfast.project.directory import Directory

_VERSION = re.compile(r"v?(\d{1,5})(?:\.(\d{1,5}))?(?:\.(\d{1,5}))?")


class Package(msgspec.Struct, frozen=True):
    """A package of the application.

    Args:
        name: ``livewire/livewire``.
        version: as it is locked; empty where only a constraint is known.
        constraint: of ``composer.json``; empty for a dependency of another package.
        place: ``composer.lock`` or ``composer.json``.
        dev: not installed by ``composer install --no-dev``.
    """

    name: str
    version: str
    constraint: str
    place: str
    dev: bool = False

    @property
    def numbers(self) -> tuple[int, int, int] | None:
        """The locked version as numbers; None for a branch, or where nothing is locked."""
        found = _VERSION.match(self.version)
        if not found:
            return None
        major, minor, patch = (int(number or 0) for number in found.groups())
        return major, minor, patch


class Packages(msgspec.Struct, frozen=True):
    """What Composer installs.

    Args:
        packages: by name.
        locked: whether ``composer.lock`` says it; without it only what is asked for is known.
        scripts: the commands of ``composer.json`` by event or name, in order.
    """

    packages: Mapping[str, Package]
    locked: bool
    scripts: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> Package | None:
        """A package; None where it is not there."""
        return self.packages.get(name)


def packages(directory: Directory) -> Packages:
    """The packages of a project; a file that cannot be read says nothing here."""
    asked = _read(directory, "composer.json")
    lock = _read(directory, "composer.lock")
    constraints = {
        (name, dev): str(constraint)
        for key, dev in (("require", False), ("require-dev", True))
        for name, constraint in _object(asked.get(key)).items()
    }
    found: dict[str, Package] = {}
    for key, dev in (("packages-dev", True), ("packages", False)):
        listed = lock.get(key)
        for entry in listed if isinstance(listed, list) else ():
            name, version = _object(entry).get("name"), _object(entry).get("version")
            if isinstance(name, str) and isinstance(version, str):
                constraint = constraints.get((name, dev), "")
                found[name] = Package(name, version, constraint, "composer.lock", dev)
    locked = isinstance(lock.get("packages"), list)
    if not locked:
        for (name, dev), constraint in constraints.items():
            found.setdefault(name, Package(name, "", constraint, "composer.json", dev))
    scripts = {
        str(name): tuple(str(c) for c in (commands if isinstance(commands, list) else [commands]))
        for name, commands in _object(asked.get("scripts")).items()
    }
    return Packages(found, locked, scripts)


def _read(directory: Directory, name: str) -> dict[str, Any]:
    try:
        return directory.json(name)
    except (FormatError, EnvironmentLacking):
        return {}


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}
