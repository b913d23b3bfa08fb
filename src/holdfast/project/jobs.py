"""Queued jobs that say themselves how long they may run."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from holdfast.project.classes import PhpClass, classes
from holdfast.project.code import files
from holdfast.project.directory import Directory
from holdfast.project.script import Script
from holdfast.project.syntax import PhpFile
from holdfast.project.values import Known, Spot

_TIMEOUT: Final = re.compile(rb"\$timeout\b")


class Job(msgspec.Struct, frozen=True):
    """A class that is queued.

    Args:
        name: of it.
        timeout: ``$timeout``, in seconds.
        connection: ``$connection``; empty for the default one.
        spot: of the timeout.
    """

    name: str
    timeout: int
    connection: str
    spot: Spot


def jobs(directory: Directory) -> tuple[Job, ...]:
    """The queued classes with a literal ``$timeout``; those with a method of that name are none."""
    found: list[Job] = []
    for name in directory.of(files):
        file = directory.matching(name, _TIMEOUT)
        if isinstance(file, PhpFile):
            script = Script(file)
            found += [job for declared in classes(script) for job in _job(script, declared)]
    return tuple(found)


def _job(script: Script, declared: PhpClass) -> Iterator[Job]:
    node = declared.properties.get("timeout")
    queued = any(name.rpartition("\\")[2] == "ShouldQueue" for name in declared.interfaces)
    if node is None or not queued or "timeout" in declared.methods:
        return
    seconds = script.value(node)
    connection = ""
    if (named := declared.properties.get("connection")) is not None:
        value = script.value(named)
        if not isinstance(value, Known) or not isinstance(value.value, str):
            return
        connection = value.value
    if isinstance(seconds, Known) and type(seconds.value) is int:
        yield Job(declared.name, seconds.value, connection, script.file.spot(node))
