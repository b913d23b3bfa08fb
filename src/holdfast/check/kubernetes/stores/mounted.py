"""The files that ConfigMaps and Secrets put into a container."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator

from holdfast.check.kubernetes.data import Variable
from holdfast.check.kubernetes.objects import get, items, text
from holdfast.check.kubernetes.stores.redis_conf import File, Files
from holdfast.check.kubernetes.workload import Container, Mount


def mounted(container: Container) -> Iterator[tuple[str, Variable]]:
    """Each file that is there, by its path; those of objects that are not there are left out."""
    mounts = tuple(container.mounts())
    for mount in mounts:
        for inner, variable in _of_volume(mount):
            path = _path(mount, inner)
            if path is not None and covering(mounts, path) is mount:
                yield path, variable


def files_of(container: Container) -> Files:
    """The texts of these files."""
    there = {path: variable for path, variable in mounted(container) if variable.value is not None}

    def file(path: str) -> File | None:
        found = there.get(posixpath.normpath(path))
        return None if found is None else (found.value or "", found.place)

    return file


def covering(mounts: Iterable[Mount], path: str) -> Mount | None:
    """The mount that a path is in: the longest."""
    inside = [
        mount for mount in mounts if f"{path.rstrip('/')}/".startswith(f"{mount.path.rstrip('/')}/")
    ]
    return max(inside, key=lambda mount: len(mount.path), default=None)


def _path(mount: Mount, inner: str) -> str | None:
    """Where a file of a volume is in the container; None where the mount leaves it out."""
    if not mount.sub_path:
        return posixpath.normpath(posixpath.join(mount.path, inner))
    part = mount.sub_path.strip("/")
    if inner == part:
        return posixpath.normpath(mount.path)
    if inner.startswith(f"{part}/"):
        return posixpath.normpath(posixpath.join(mount.path, inner[len(part) + 1 :]))
    return None


def _of_volume(mount: Mount) -> Iterator[tuple[str, Variable]]:
    """The files of its volume, by their paths in it."""
    objects, namespace = mount.container.workload.objects, mount.container.workload.namespace
    for kind, name, chosen in _sources(mount):
        found = objects.find(kind, name, namespace)
        values = found.values if found else {}
        names = {text(get(c, "key")): text(get(c, "path")) for c in chosen}
        for key, variable in values.items():
            if not chosen or names.get(key):
                yield names.get(key, key), variable


def _sources(mount: Mount) -> Iterator[tuple[str, str, list[object]]]:
    """The ConfigMaps and Secrets of a volume, each with the keys that are chosen of it."""
    body = mount.volume.body
    match mount.volume.kind:
        case "configMap":
            yield "ConfigMap", text(get(body, "name")), items(body, "items")
        case "secret":
            yield "Secret", text(get(body, "secretName")), items(body, "items")
        case "projected":
            for source in items(body, "sources"):
                for kind, part in (("ConfigMap", "configMap"), ("Secret", "secret")):
                    if get(source, part) is not None:
                        yield kind, text(get(source, part, "name")), items(source, part, "items")
