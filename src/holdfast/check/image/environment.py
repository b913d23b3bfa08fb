"""What images bring into the environment of their containers: ``ENV``, and below it a ``.env``.

Which image of a registry a Dockerfile makes is not written anywhere. So all images of a repository
that hold Laravel are asked, and where they do not agree a variable is unknown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from holdfast.check.image.dotenv import Dotenv, followed
from holdfast.check.image.image import Image
from holdfast.core.errors import FormatError
from holdfast.project.dotenv import load
from holdfast.project.values import Unknown, Variable

Found = Variable | Unknown | None


@dataclass(frozen=True)
class Layer:
    """What one image brings.

    Args:
        variables: by name.
        closed: set where it may bring any other one too.
    """

    variables: Mapping[str, Variable | Unknown] = field(repr=False)
    closed: Unknown | None = None

    def get(self, name: str) -> Found:
        """One of them."""
        return self.variables.get(name, self.closed)


def brought(images: Iterable[Image], *, started: bool) -> tuple[Layer, ...]:
    """What images of Laravel bring, one layer each.

    Args:
        images: of the repository.
        started: whether their own commands start the container: a ``.env`` may be made then.
    """
    return tuple(_layer(image, started=started) for image in images if image.is_laravel)


def agreed(layers: Iterable[Layer], name: str) -> Found:
    """What all layers say of a variable; Unknown where they do not agree."""
    found = [layer.get(name) for layer in layers]
    if not found:
        return None
    first = found[0]
    if all(_value(first) == _value(other) for other in found):
        return first
    place = next((each.place for each in found if each is not None), "")
    return Unknown(place, name, "the Dockerfiles do not agree in it")


def places(layers: Iterable[Layer]) -> frozenset[str]:
    """Where all that is brought is written."""
    return frozenset(v.place for layer in layers for v in layer.variables.values())


def _layer(image: Image, *, started: bool) -> Layer:
    variables: dict[str, Variable | Unknown] = {}
    for name, value in image.final.env.items():
        place = str(value.place)
        if value.text is None or value.assumed:
            variables[name] = Unknown(place, name, "a build argument decides it")
        else:
            variables[name] = Variable(value.text, place)
    dotenv = image.dotenv
    if started:
        dotenv = followed(dotenv, image.start.commands, image.files)
    if dotenv is None:
        return Layer(variables)
    loaded = _loaded(image, dotenv, variables)
    if loaded is None:
        return Layer(variables, Unknown(str(dotenv.place), ".env", "a .env is made here"))
    return Layer({**loaded, **variables})


def _loaded(
    image: Image, dotenv: Dotenv, below: Mapping[str, Variable | Unknown]
) -> dict[str, Variable | Unknown] | None:
    """What a ``.env`` in an image defines; None where that cannot be told."""
    data = image.tree.read(dotenv.name) if dotenv.name else None
    if data is None:
        return None
    try:
        loaded = load(data, below, dotenv.name)
    except FormatError:
        return None
    return {
        name: found
        if isinstance(found, Unknown)
        else Variable(found.value, f"{dotenv.name}:{found.line}")
        for name, found in loaded.items()
    }


def _value(found: Found) -> object:
    return found.value if isinstance(found, Variable) else found
