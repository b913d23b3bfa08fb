"""The environment of a container, as a kubelet puts it together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.core.errors import UsageError
from holdfast.servers.pods.volumes import Object, data_of

_REFERENCE = re.compile(r"\$(\$|\([A-Za-z_][-A-Za-z0-9_.]*\))")


def environment(
    container: Object,
    objects: Iterable[Object],
    *,
    image: Mapping[str, str],
    fields: Mapping[str, str],
) -> dict[str, str]:
    """All variables of a container: its image's, ``envFrom``, then ``env``; the last one counts.

    Args:
        objects: where ConfigMaps and Secrets are.
        image: what the image sets.
        fields: of the downward API, e.g. ``metadata.name``.

    Raises:
        UsageError: a ConfigMap, Secret, key or field is missing.
    """
    among = list(objects)
    told = dict(image)
    for source in container.get("envFrom", ()):
        kind, reference = (
            ("ConfigMap", source["configMapRef"])
            if "configMapRef" in source
            else ("Secret", source["secretRef"])
        )
        prefix = source.get("prefix", "")
        for key, value in data_of(among, kind, reference["name"]).items():
            told[prefix + key] = value.decode()
    for one in container.get("env", ()):
        if "value" in one:
            told[one["name"]] = expanded(one["value"], told)
        elif "valueFrom" in one:
            found = _value_from(one["valueFrom"], among, fields)
            if found is not None:
                told[one["name"]] = found
    return told


def expanded(text: str, told: Mapping[str, str]) -> str:
    """``$(NAME)`` replaced where that is known; ``$$`` is a dollar (third_party/forked/golang)."""

    def known(match: re.Match[str]) -> str:
        word = match[1]
        return "$" if word == "$" else told.get(word[1:-1], match[0])

    return _REFERENCE.sub(known, text)


def _value_from(source: Object, objects: list[Object], fields: Mapping[str, str]) -> str | None:
    for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if key in source:
            reference: Mapping[str, Any] = source[key]
            data = data_of(objects, kind, reference["name"])
            if reference["key"] in data:
                return data[reference["key"]].decode()
            if reference.get("optional"):
                return None
            raise UsageError(
                f"{kind} {reference['name']} has no key {reference['key']}",
                hint="give its value",
            )
    if "fieldRef" in source:
        path = source["fieldRef"]["fieldPath"]
        if path in fields:
            return fields[path]
    raise UsageError(f"a variable from {next(iter(source))} needs a cluster", hint="leave it out")
