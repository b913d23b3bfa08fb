"""What a server is told: its settings, each with its place, and whether there may be others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import msgspec

from holdfast.manifests.place import Place

_UNITS: Final = {
    "": 1, "b": 1,
    "k": 1000, "kb": 1024, "m": 1000**2, "mb": 1024**2, "g": 1000**3, "gb": 1024**3,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting.

    Args:
        value: None where it is set to what no manifest says; kept out of ``repr``: it may be a
            password.
        place: where it is set.
    """

    value: str | None = field(repr=False)
    place: Place


class Settings(msgspec.Struct, frozen=True):
    """The settings of a server, by their names in lower case.

    Args:
        said: those that are known to be set. ``save`` has all its pairs in one value;
            ``rename-command flushdb`` and ``user default`` are names of their own.
        open: why others may be set too; empty where these are all.
    """

    said: Mapping[str, Setting]
    open: str = ""

    def get(self, name: str) -> Setting | None:
        """One that is known to be set."""
        return self.said.get(name)

    def value(self, name: str, default: str) -> str | None:
        """What is in effect; None where that cannot be known.

        Args:
            name: of the setting.
            default: of the server, where nothing is set.
        """
        said = self.said.get(name)
        if said:
            return said.value
        return None if self.open else default


class Reading:
    """Settings while they are read, in the order in which the server takes them."""

    def __init__(self) -> None:
        self._said: dict[str, Setting] = {}
        self._open = ""
        self.files = 0
        """How many files were read."""

    def set(self, name: str, value: str | None, place: Place) -> None:
        """A setting; it takes the place of an earlier one."""
        before = self._said.get(name)
        if name == "save" and value and before and before.value:
            # Every pair counts; only an empty one takes back those before it.
            value = f"{before.value} {value}"
        self._said[name] = Setting(value, place)

    def leave_open(self, why: str) -> None:
        """Others may be set too, none of those that are known."""
        self._open = self._open or why

    def forget(self, why: str) -> None:
        """What was read so far may be overridden by what cannot be read."""
        self._said.clear()
        self.leave_open(why)

    def settings(self) -> Settings:
        """What was read."""
        return Settings(dict(self._said), self._open)


def memory_bytes(value: str | None) -> int | None:
    """Bytes of a memory size as Redis reads it (7.0, ``util.c``, ``memtoull``).

    Returns:
        None where it is none, or not known. ``1k`` is 1000, ``1kb`` is 1024.
    """
    if value is None:
        return None
    number = value.rstrip("bBkKmMgG")
    unit = value[len(number) :].lower()
    if not number.isascii() or not number.isdecimal() or unit not in _UNITS or len(number) > 18:
        return None
    return int(number) * _UNITS[unit]
