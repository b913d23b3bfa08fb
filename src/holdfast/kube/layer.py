"""What one rendering adds to, takes from and changes in another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from holdfast.kube.app import Object
from holdfast.kube.patch import Operation, applied, difference

Identity: TypeAlias = tuple[str, str, str]
"""API group, kind, name. All objects of a rendering are in one namespace."""
Objects: TypeAlias = Mapping[Identity, Object]


@dataclass(frozen=True)
class Layer:
    """The difference between two renderings.

    Args:
        added: what the first does not have.
        removed: what the second does not have, as in the first.
        patched: what both have, with the operations that make it the second's.
    """

    added: tuple[Object, ...]
    removed: tuple[Object, ...]
    patched: tuple[tuple[Object, list[Operation]], ...]

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.patched)


def by_identity(objects: Iterable[Object]) -> dict[Identity, Object]:
    """Objects by what no two of them share."""
    return {identity(one): one for one in objects}


def identity(one: Object) -> Identity:
    """Of an object."""
    return one["apiVersion"].rpartition("/")[0], one["kind"], one["metadata"]["name"]


def between(before: Objects, after: Objects) -> Layer:
    """What makes the one the other."""
    both = [
        (before[name], difference(before[name], one))
        for name, one in after.items()
        if name in before
    ]
    return Layer(
        added=tuple(one for name, one in after.items() if name not in before),
        removed=tuple(one for name, one in before.items() if name not in after),
        patched=tuple((one, operations) for one, operations in both if operations),
    )


def over(objects: Objects, layer: Layer) -> dict[Identity, Object]:
    """Objects with a layer over them, which need not have been made for them.

    Raises:
        LookupError: it removes or changes what is not there, or adds what is.
    """
    made = dict(objects)
    for one in layer.removed:
        del made[identity(one)]
    for one, operations in layer.patched:
        made[identity(one)] = applied(made[identity(one)], operations)
    for one in layer.added:
        if identity(one) in made:
            raise LookupError(identity(one))
        made[identity(one)] = one
    return made
