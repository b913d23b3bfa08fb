"""Which Laravel a project runs on: from its lock file, its vendor directory or its constraint."""

from __future__ import annotations

import re

import msgspec

from holdfast.core.errors import UsageError
from holdfast.project.directory import Directory

OLDEST, NEWEST = 8, 13
_PACKAGE = "laravel/framework"
_SOURCE = "vendor/laravel/framework/src/Illuminate/Foundation/Application.php"


class Release(msgspec.Struct, frozen=True):
    """A release of the framework.

    Args:
        major: 8 to 13.
        minor, patch: None where only the major version is known.
        place: where it is said.
    """

    major: int
    minor: int | None
    patch: int | None
    place: str

    def __str__(self) -> str:
        """``12.67.0``, or ``12``."""
        numbers = (self.major, self.minor, self.patch)
        return ".".join(str(number) for number in numbers if number is not None)

    def before(self, major: int, minor: int) -> bool:
        """Whether it is older; a release whose minor version is not known counts as its newest."""
        return (self.major, 999 if self.minor is None else self.minor) < (major, minor)


def release(directory: Directory) -> Release | None:
    """The release that a project runs on; None where nothing says it.

    Raises:
        UsageError: it is none of 8 to 13.
        FormatError, EnvironmentLacking: a file that says it cannot be read.
    """
    for find in (_locked, _installed, _required):
        found = find(directory)
        if found is not None:
            if not OLDEST <= found.major <= NEWEST:
                raise UsageError(
                    f"{directory.root} runs on Laravel {found}, says {found.place}",
                    hint=f"Holdfast knows Laravel {OLDEST} to {NEWEST}",
                )
            return found
    return None


def _locked(directory: Directory) -> Release | None:
    lock = directory.json("composer.lock")
    packages = lock.get("packages")
    for package in packages if isinstance(packages, list) else ():
        if isinstance(package, dict) and package.get("name") == _PACKAGE:
            return _release(str(package.get("version")), "composer.lock")
    return None


def _installed(directory: Directory) -> Release | None:
    source = directory.read(_SOURCE)
    found = re.search(rb"const\s+VERSION\s*=\s*'([0-9A-Za-z.-]{1,40})'", source or b"")
    return _release(found[1].decode(), _SOURCE) if found else None


def _required(directory: Directory) -> Release | None:
    required = directory.json("composer.json").get("require")
    constraint = required.get(_PACKAGE) if isinstance(required, dict) else None
    if not isinstance(constraint, str):
        return None
    majors = set(re.findall(r"(?<![\d.])v?(\d{1,2})(?:\.[\dx*]+)*", constraint))
    if len(majors) != 1 or re.search(r"[<>!]", constraint):
        raise UsageError(
            f"composer.json of {directory.root} allows Laravel {constraint[:40]}: which one is not"
            " said",
            hint="run `composer install`, or say which one: --laravel 12",
        )
    return Release(int(majors.pop()), None, None, "composer.json")


def _release(text: str, place: str) -> Release | None:
    numbers = re.match(r"v?(\d{1,3})(?:\.(\d{1,4}))?(?:\.(\d{1,4}))?", text)
    if not numbers:
        return None
    major, minor, patch = (None if number is None else int(number) for number in numbers.groups())
    assert major is not None
    return Release(major, minor, patch, place)
