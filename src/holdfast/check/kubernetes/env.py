"""The environment of a container, as far as manifests say it: each variable with where it is set.

Kubernetes API reference v1.34, Container v1 core: ``env`` wins over ``envFrom``, a later entry over
an earlier one; ``$(NAME)`` in a value stands for a variable that is defined before it, ``$$`` for
one ``$``; what is not defined stays as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from holdfast.check.kubernetes.data import Variable, written
from holdfast.check.kubernetes.objects import Object, Objects, get, items, text

_REFERENCE = re.compile(r"\$\$|\$\(([^)]*)\)")
_MAX_MADE: Final = 4096
"""Characters that a value may have of other variables: a URL with a password has a hundred."""
# What makes a Secret of that name in the cluster, with values that no manifest has.
_MADE_BY: Final = ("ExternalSecret", "SealedSecret", "VaultStaticSecret", "OnePasswordItem")


@dataclass(frozen=True, slots=True)
class ContainerEnv(Mapping[str, Variable]):
    """The variables of a container by name.

    Args:
        variables: those whose names are known.
        more: where variables come from whose names are not known (a Secret that is not among the
            manifests); empty where these are all.
    """

    variables: Mapping[str, Variable]
    more: tuple[Variable, ...] = ()

    def __getitem__(self, name: str) -> Variable:
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)

    def value(self, name: str) -> str | None:
        """Its value where it is known; None also where it is not set."""
        found = self.variables.get(name)
        return found.value if found else None


def container_env(
    owner: Object, container: Mapping[str, Any], path: tuple[str | int, ...], objects: Objects
) -> ContainerEnv:
    """The environment of a container.

    Args:
        owner: the object that it is a part of.
        container: its body.
        path: to it, in the owner.
        objects: where its ConfigMaps and Secrets are looked for.
    """
    variables: dict[str, Variable] = {}
    more: list[Variable] = []
    for index, source in enumerate(items(container, "envFrom")):
        at = owner.at(*path, "envFrom", index)
        prefix = text(get(source, "prefix"))
        for kind, reference in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            name = text(get(source, reference, "name"))
            if not name:
                continue
            found = objects.find(kind, name, owner.namespace)
            if found is None:
                more.append(Variable("", None, at, _missing(kind, name, objects, owner)))
                continue
            for key, variable in found.values.items():
                variables[prefix + key] = _renamed(variable, prefix + key)
    for index, entry in enumerate(items(container, "env")):
        name = text(get(entry, "name"))
        if name:
            read = _Entry(owner, (*path, "env", index), objects, variables)
            variables[name] = read.variable(name, entry)
    return ContainerEnv(variables, tuple(more))


class _Entry(msgspec.Struct, frozen=True):
    """One entry of ``env``, and what it may name."""

    owner: Object
    path: tuple[str | int, ...]
    objects: Objects
    before: Mapping[str, Variable]

    def variable(self, name: str, entry: Any) -> Variable:
        source = get(entry, "valueFrom")
        if source is None:
            return self._expanded(name, written(get(entry, "value")))
        at = self.owner.at(*self.path, "valueFrom")
        for kind, reference in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            asked = get(source, reference)
            if asked is None:
                continue
            key, wanted = text(get(asked, "key")), text(get(asked, "name"))
            label = f"{kind} {wanted}"
            found = self.objects.find(kind, wanted, self.owner.namespace)
            if found is None:
                why = _missing(kind, wanted, self.objects, self.owner)
                return Variable(name, None, at, why, label)
            value = found.values.get(key)
            if value is None:
                return Variable(name, None, at, f"{found} has no key {key}", label)
            return _renamed(value, name)
        return Variable(name, None, at, "it is known when the pod runs")

    def _expanded(self, name: str, value: str) -> Variable:
        """With ``$(NAME)`` replaced."""
        at = self.owner.at(*self.path, "value")
        unknown: list[str] = []
        made = 0

        def replaced(match: re.Match[str]) -> str:
            nonlocal made
            if match[0] == "$$":
                return "$"
            known = self.before.get(match[1])
            if known is None:
                return match[0]
            if known.value is None:
                unknown.append(match[1])
                return ""
            made += len(known.value)
            return known.value if made <= _MAX_MADE else ""

        result = _REFERENCE.sub(replaced, value)
        if unknown:
            return Variable(name, None, at, f"it is made of {unknown[0]}, whose value is not known")
        if made > _MAX_MADE:
            return Variable(name, None, at, "it is made of too much")
        return Variable(name, result, at)


def _missing(kind: str, name: str, objects: Objects, owner: Object) -> str:
    made = next((k for k in _MADE_BY if objects.find(k, name, owner.namespace)), None)
    if kind == "Secret" and made:
        return f"{made} {name} makes it in the cluster"
    return f"{kind} {name} is not among the manifests"


def _renamed(variable: Variable, name: str) -> Variable:
    if variable.name == name:
        return variable
    return Variable(name, variable.value, variable.place, variable.why, variable.source)
