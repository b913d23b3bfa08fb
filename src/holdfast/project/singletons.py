"""Classes that live as long as a worker and are made with something of one request.

Under Octane a process serves many requests: such a class keeps the first one's request, session or
user (laravel.com/docs/13.x/octane, «Dependency Injection & Octane»).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from holdfast.project.autoload import class_file
from holdfast.project.classes import classes
from holdfast.project.code import Code
from holdfast.project.directory import Directory
from holdfast.project.script import Script
from holdfast.project.syntax import PhpFile, walk
from holdfast.project.values import Known, Spot

_OF_ONE_REQUEST: Final = frozenset((
    "illuminate\\http\\request", "symfony\\component\\httpfoundation\\request",
    "illuminate\\session\\store", "illuminate\\contracts\\session\\session",
    "illuminate\\contracts\\auth\\guard", "illuminate\\contracts\\auth\\statefulguard",
    "illuminate\\contracts\\auth\\authenticatable",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Singleton:
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


def singletons(directory: Directory, code: Code) -> Iterator[Singleton]:
    """Those whose constructors ask for what belongs to one request."""
    for call in code.called("->singleton", "App::singleton"):
        abstract, concrete = call.argument(0, "abstract"), call.argument(1, "concrete")
        made = abstract if concrete is None else concrete
        if not isinstance(made, Known) or not isinstance(made.value, str):
            continue
        name = class_file(directory, made.value)
        file = directory.tree(name) if name else None
        if isinstance(file, PhpFile):
            for parameter, spot in _parameters(file):
                yield Singleton(made.value, parameter, call.spot, spot)


def _parameters(file: PhpFile) -> Iterator[tuple[str, Spot]]:
    script = Script(file)
    for found in classes(script):
        constructor = found.methods.get("__construct")
        parameters = constructor and constructor.child_by_field_name("parameters")
        for node in walk(parameters) if parameters else ():
            if node.type == "named_type":
                name = script.class_name(node.named_children[0])
                if name.lower() in _OF_ONE_REQUEST:
                    yield name, file.spot(node)
