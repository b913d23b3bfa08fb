"""A ``.env`` mounted from a ConfigMap or a Secret: Laravel reads it below the environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from holdfast.check.kubernetes.data import Variable
from holdfast.check.kubernetes.env import ContainerEnv
from holdfast.check.kubernetes.objects import get, items, text
from holdfast.core.errors import FormatError
from holdfast.manifests.place import Place
from holdfast.project.dotenv import load
from holdfast.project.values import Unknown

if TYPE_CHECKING:
    from holdfast.check.kubernetes.workload import Container, Mount

_NAMES = {"configMap": ("ConfigMap", "name"), "secret": ("Secret", "secretName")}


def with_dotenv(container: Container, env: ContainerEnv) -> ContainerEnv:
    """A container's environment and, below it, what a mounted ``.env`` says."""
    variables: dict[str, Variable] = {}
    more = list(env.more)
    for mount in container.mounts():
        for key in _keys(mount):
            value = _value(container, mount, key)
            if value.value is None:
                more.append(value)
                continue
            process: dict[str, str | Unknown] = {
                name: Unknown(str(v.place), name, v.why) if v.value is None else v.value
                for name, v in env.items()
            }
            try:
                loaded = load(value.value.encode(), process, key)
            except FormatError as error:
                more.append(Variable("", None, value.place, str(error)))
                continue
            for name, found in loaded.items():
                if isinstance(found, Unknown):
                    variables[name] = Variable(name, None, value.place, found.why, value.source)
                    continue
                # The text of a block begins in the line after its key's.
                place = Place(value.place.file, value.place.line + found.line, 1)
                variables[name] = Variable(name, found.value, place, source=value.source)
    if not variables and len(more) == len(env.more):
        return env
    return ContainerEnv({**variables, **env}, tuple(more))


def _keys(mount: Mount) -> Iterator[str]:
    """The keys of its volume that become a file ``.env``."""
    if mount.volume.kind not in _NAMES:
        return
    chosen = {
        text(get(item, "path")): text(get(item, "key"))
        for item in items(mount.volume.body, "items")
    }
    if mount.path.endswith("/.env"):
        yield chosen.get(mount.sub_path, mount.sub_path) if chosen else mount.sub_path
    elif ".env" in chosen:
        yield chosen[".env"]


def _value(container: Container, mount: Mount, key: str) -> Variable:
    """What the key holds; without a value where no manifest says it."""
    kind, field = _NAMES[mount.volume.kind]
    name = text(get(mount.volume.body, field))
    workload = container.workload
    found = workload.objects.find(kind, name, workload.namespace)
    values: Mapping[str, Variable] = found.values if found else {}
    return values.get(key) or Variable(
        "", None, mount.place, f"{kind} {name}, which is not among the manifests, holds its .env"
    )
