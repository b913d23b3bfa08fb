"""Who logs in: the model behind the session guard, and what kind of key it has."""

from __future__ import annotations

from typing import Final

import msgspec

from holdfast.project.autoload import class_file
from holdfast.project.classes import PhpClass, classes
from holdfast.project.directory import Directory
from holdfast.project.project import Project
from holdfast.project.script import Script
from holdfast.project.syntax import PhpFile
from holdfast.project.values import Known, Spot, Unknown

_CONCERNS: Final = "illuminate\\database\\eloquent\\concerns\\"
_TRAITS: Final = {
    _CONCERNS + "hasuuids": "uuid",
    _CONCERNS + "hasversion4uuids": "uuid",
    _CONCERNS + "hasversion7uuids": "uuid",
    _CONCERNS + "hasulids": "ulid",
}
_BASES: Final = frozenset((
    "illuminate\\foundation\\auth\\user", "illuminate\\database\\eloquent\\model",
))  # fmt: skip


class UserKey(msgspec.Struct, frozen=True):
    """The key of the users that log in.

    Args:
        kind: ``int``, ``uuid``, ``ulid`` or ``string``.
        model: the class.
        spot: what says so.
    """

    kind: str
    model: str
    spot: Spot


def user_key(directory: Directory, project: Project) -> UserKey | Unknown:
    """The kind of the key that ``sessions.user_id`` will hold."""
    guard = project.get("auth.defaults.guard")
    if isinstance(guard, Unknown):
        return guard
    provider = project.get(f"auth.guards.{guard.value}.provider")
    if isinstance(provider, Unknown):
        return provider
    model = project.get(f"auth.providers.{provider.value}.model")
    if isinstance(model, Unknown):
        return model
    if not isinstance(model.value, str):
        return Unknown(str(model.source), "", "the provider has no Eloquent model")
    name = model.value.lstrip("\\")
    path = class_file(directory, name)
    file = directory.tree(path) if path else None
    if not isinstance(file, PhpFile):
        return Unknown(str(model.source), name, "the class is not among the project's files")
    script = Script(file)
    found = next((c for c in classes(script) if c.name == name.rpartition("\\")[2]), None)
    if found is None:
        return Unknown(file.name, name, "the file does not declare it")
    return _key(script, found, name)


def _key(script: Script, found: PhpClass, name: str) -> UserKey | Unknown:
    for trait, spot in found.traits.items():
        if kind := _TRAITS.get(trait.lower()):
            return UserKey(kind, name, spot)
    if (node := found.properties.get("keyType")) is not None:
        value = script.value(node)
        if isinstance(value, Known) and value.value in ("string", "uuid"):
            return UserKey("string", name, script.file.spot(node))
        if not isinstance(value, Known) or value.value not in ("int", "integer"):
            return Unknown(str(script.file.spot(node)), "$keyType", "what kind it is")
    if "getkeytype" in found.methods or found.parent.lower() not in _BASES:
        return Unknown(str(found.spot), name, "its key may be changed by what it is built on")
    own = [trait for trait in found.traits if trait.startswith("App\\")]
    if own:
        return Unknown(str(found.traits[own[0]]), own[0], "a trait of its own may change the key")
    return UserKey("int", name, found.spot)
