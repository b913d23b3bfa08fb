"""nginx configuration wherever it stands: in files, ConfigMaps, annotations of an Ingress."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from holdfast.check.kubernetes.objects import Object
from holdfast.check.sources import nginx
from holdfast.check.sources.nginx import Directive
from holdfast.check.sources.scalars import lines_of, text_of_scalar
from holdfast.check.target import Target
from holdfast.manifests.unreadable import Unreadable

_SNIPPETS: Final = ("configuration-snippet", "server-snippet")
_PREFIXES: Final = ("nginx.ingress.kubernetes.io/", "nginx.org/")
_CONTROLLER_SNIPPETS: Final = ("http-snippet", "server-snippet", "location-snippet")


@dataclass(frozen=True, eq=False)
class Server:
    """One configuration.

    Args:
        subject: whose: ``docker/nginx.conf``, ``ConfigMap shop/nginx``.
        directives: of it.
    """

    subject: str
    directives: tuple[Directive, ...] = field(repr=False)


@lru_cache(maxsize=8)  # several rules ask, one target after the other
def servers(target: Target) -> tuple[Server, ...]:
    """All configurations that can be read."""
    return tuple(_servers(target))


def _servers(target: Target) -> Iterator[Server]:
    for name, directives in target.repository.nginx:
        yield Server(name, directives)
    for config in target.objects.of("ConfigMap"):
        data = config.get("data")
        for key, value in data.items() if isinstance(data, dict) else ():
            if isinstance(value, str) and _is_nginx(key, value):
                yield from _of_text(target, config, value, ("data", key))
    for ingress in target.objects.of("Ingress"):
        for name, value in ingress.annotations.items():
            if name.startswith(_PREFIXES) and name.rpartition("/")[2] in _SNIPPETS:
                yield from _of_text(target, ingress, value, ("metadata", "annotations", name))


def _is_nginx(key: str, value: str) -> bool:
    words = ("server {", "location ", "fastcgi_pass", "proxy_pass", "log_format")
    is_file = ".conf" in key or "nginx" in key
    return key in _CONTROLLER_SNIPPETS or (is_file and any(word in value for word in words))


def _of_text(target: Target, owner: Object, value: str, path: tuple[str, ...]) -> Iterator[Server]:
    place = owner.at(*path)
    lines = lines_of(target.files.get(place.file, b""))
    found = nginx.parse(text_of_scalar(value, place, lines))
    if not isinstance(found, Unreadable):
        yield Server(str(owner), found)


def in_effect(
    name: str, above: tuple[Directive, ...], beside: tuple[Directive, ...] = ()
) -> list[Directive]:
    """The directives of a name that count at a place: those of the innermost block that has any.

    Args:
        name: of the directives.
        above: the blocks that the place is in, outermost first.
        beside: what stands outside all blocks.
    """
    for block in reversed([beside, *(each.block or () for each in above)]):
        if found := [directive for directive in block if directive.name == name]:
            return found
    return []
