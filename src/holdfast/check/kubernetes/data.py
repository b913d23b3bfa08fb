"""What a ConfigMap or a Secret holds."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from holdfast.manifests.place import Place

if TYPE_CHECKING:
    from holdfast.check.kubernetes.objects import Object


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable of a container.

    Args:
        name: of it.
        value: None where no manifest says it; kept out of ``repr``: it may be a secret.
        place: where the value stands, or where it is asked for.
        why: what stands in the way of knowing the value.
        source: the object that it comes from where that is a ConfigMap or Secret: ``Secret shop``.
    """

    name: str
    value: str | None = field(repr=False)
    place: Place
    why: str = ""
    source: str = ""

    @property
    def secret(self) -> bool:
        """Whether it comes from a Secret."""
        return self.source.startswith("Secret ")


def values_of(found: Object) -> dict[str, Variable]:
    """What a ConfigMap or a Secret holds, by key; of a Secret decoded."""
    name = f"{found.kind} {found.name}"
    values: dict[str, Variable] = {}
    for key, value in _mapping(found.get("data")):
        at = found.at("data", key)
        if found.kind != "Secret":
            values[key] = Variable(key, written(value), at, source=name)
            continue
        try:
            # Go's decoder, as Kubernetes has it, passes over line ends and nothing else.
            encoded = written(value).replace("\n", "").replace("\r", "")
            decoded = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError):
            values[key] = Variable(key, None, at, "it is no text in base64", name)
        else:
            values[key] = Variable(key, decoded, at, source=name)
    for key, value in _mapping(found.get("stringData")):
        values[key] = Variable(key, written(value), found.at("stringData", key), source=name)
    return values


def _mapping(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from ((key, item) for key, item in value.items() if isinstance(key, str))


def written(value: Any) -> str:
    """A value as text: Kubernetes takes texts alone, what was not quoted is meant as one."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
    return value if isinstance(value, str) else str(value)
