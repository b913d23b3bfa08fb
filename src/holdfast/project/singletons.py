"""Classes that live as long as a worker and are made with something of one request.

Under Octane a process serves many requests: such a class keeps the first one's request, session or
user (laravel.com/docs/13.x/octane, «Dependency Injection & Octane»).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from holdfast.project.autoload import class_file
from holdfast.project.classes import classes
from holdfast.project.code import code
from holdfast.project.directory import Directory
from holdfast.project.script import Script
from holdfast.project.syntax import PhpFile, walk
from holdfast.project.values import Known, Spot

_BOOT: Final = re.compile(rb"function\s+boot\b", re.IGNORECASE)
_OF_ONE_REQUEST: Final = frozenset((
    "illuminate\\http\\request", "symfony\\component\\httpfoundation\\request",
    "illuminate\\session\\store", "illuminate\\contracts\\session\\session",
    "illuminate\\contracts\\auth\\guard", "illuminate\\contracts\\auth\\statefulguard",
    "illuminate\\contracts\\auth\\authenticatable",
))  # fmt: skip


class Singleton(msgspec.Struct, frozen=True):
    """A class that is bound as a singleton, and a parameter of its constructor.

    Args:
        name: of the class.
        parameter: the type of the parameter.
        bound: where it is bound.
        spot: of the parameter.
    """

    name: str
    parameter: str
    bound: Spot
    spot: Spot


def singletons(directory: Directory) -> tuple[Singleton, ...]:
    """Those whose constructors ask for what belongs to one request."""
    return tuple(_singletons(directory))


def booted(directory: Directory) -> Mapping[str, Spot]:
    """The classes that service providers ask for in ``boot``, in lower case, each with where."""
    found: dict[str, Spot] = {}
    for path in sorted(directory.root.glob("app/Providers/**/*.php")):
        file = directory.matching(str(path.relative_to(directory.root)), _BOOT)
        if isinstance(file, PhpFile):
            for name, spot in _parameters(file, "boot"):
                found.setdefault(name.lower(), spot)
    return found


def _singletons(directory: Directory) -> Iterator[Singleton]:
    for call in directory.of(code).called("->singleton", "App::singleton"):
        abstract, concrete = call.argument(0, "abstract"), call.argument(1, "concrete")
        made = abstract if concrete is None else concrete
        if not isinstance(made, Known) or not isinstance(made.value, str):
            continue
        name = class_file(directory, made.value)
        file = directory.tree(name) if name else None
        if isinstance(file, PhpFile):
            for parameter, spot in _parameters(file, "__construct"):
                if parameter.lower() in _OF_ONE_REQUEST:
                    yield Singleton(made.value, parameter, call.spot, spot)


def _parameters(file: PhpFile, method: str) -> Iterator[tuple[str, Spot]]:
    """The classes that a method of a file's classes is given."""
    script = Script(file)
    for found in classes(script):
        declared = found.methods.get(method)
        parameters = declared and declared.child_by_field_name("parameters")
        for node in walk(parameters) if parameters else ():
            if node.type == "named_type":
                yield script.class_name(node.named_children[0]), file.spot(node)
