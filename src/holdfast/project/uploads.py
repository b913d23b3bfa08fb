"""Livewire components that take files from users."""

from __future__ import annotations

import re
from typing import Final

from holdfast.project.classes import classes
from holdfast.project.code import files
from holdfast.project.directory import Directory
from holdfast.project.script import Script
from holdfast.project.syntax import PhpFile
from holdfast.project.values import Spot

_NAME: Final = re.compile(rb"\bWithFileUploads\b")
_TRAIT: Final = "livewire\\withfileuploads"


def uploads(directory: Directory) -> tuple[Spot, ...]:
    r"""Where classes of the application use ``Livewire\WithFileUploads``."""
    found: list[Spot] = []
    for name in directory.of(files):
        file = directory.matching(name, _NAME)
        if isinstance(file, PhpFile):
            script = Script(file)
            found += [
                spot
                for declared in classes(script)
                for trait, spot in declared.traits.items()
                if trait.lower() == _TRAIT
            ]
    return tuple(found)
