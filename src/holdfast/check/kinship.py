"""Which containers run one application: told by what they share, never by how they are called.

A directory of manifests often holds several Laravel applications and the code of one. What one pod
runs belongs together, and so does what has the same image, reads the same ConfigMap or Secret, or
has the same key: an application's workers and its web pods share these, two applications do not.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Final

from holdfast.check.kubernetes.objects import get, items, text
from holdfast.check.kubernetes.workload import Container

_WORDS: Final = re.compile(r"[a-z0-9]{3,}")
_GENERIC: Final = frozenset((
    "laravel", "app", "application", "api", "web", "www", "php", "fpm", "backend", "frontend",
    "server", "service", "main", "src", "com", "net", "org", "project", "prod", "production",
))  # fmt: skip
"""Words that any application's name may have."""


def families(containers: Iterable[Container]) -> list[list[Container]]:
    """The containers, those of one application together."""
    found: list[tuple[set[Hashable], list[Container]]] = []
    for container in containers:
        signs, members = set(_signs(container)), [container]
        apart = []
        for family in found:
            if family[0] & signs:
                signs |= family[0]
                members = family[1] + members
            else:
                apart.append(family)
        found = [*apart, (signs, members)]
    return [members for _, members in found]


def of_code(groups: Sequence[list[Container]], names: Iterable[str]) -> list[Container] | None:
    """The family that runs a project's code; None where that cannot be told.

    Args:
        groups: all families that may.
        names: what the project is called: its directory, its package.
    """
    if len(groups) == 1:
        return groups[0]
    words = {word for name in names for word in _words(name)}
    called = [group for group in groups if any(words & _words(repository(c.image)) for c in group)]
    return called[0] if len(called) == 1 else None


def repository(image: str) -> str:
    """An image's name without tag and digest."""
    name = image.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    return head + slash + tail.partition(":")[0]


def _signs(container: Container) -> Iterator[Hashable]:
    workload = container.workload
    yield workload
    if container.image:
        yield "image", repository(container.image)
    for source in items(container.body, "envFrom"):
        for kind in ("configMapRef", "secretRef"):
            if name := text(get(source, kind, "name")):
                yield kind, workload.namespace, name
    for entry in items(container.body, "env"):
        for kind in ("configMapKeyRef", "secretKeyRef"):
            if name := text(get(entry, "valueFrom", kind, "name")):
                yield kind[:-6] + "Ref", workload.namespace, name
    if key := container.env.value("APP_KEY"):
        yield "key", key


def _words(name: str) -> set[str]:
    found = set(_WORDS.findall(PurePath(name).name.lower()))
    return found - _GENERIC
