"""The volumes of a pod, as directories below one of its own."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from holdfast.core.errors import UsageError

Object = Mapping[str, Any]


def data_of(objects: Iterable[Object], kind: str, name: str) -> dict[str, bytes]:
    """What a ConfigMap or Secret holds.

    Raises:
        UsageError: there is none of that name.
    """
    for found in objects:
        if found["kind"] == kind and found["metadata"]["name"] == name:
            decoded = base64.b64decode if kind == "Secret" else str.encode
            data = {key: decoded(text) for key, text in found.get("data", {}).items()}
            # The API server writes it over ``data``.
            plain = {key: text.encode() for key, text in found.get("stringData", {}).items()}
            return data | plain
    raise UsageError(
        f"no {kind} {name} among the manifests", hint="render it too, or give its values"
    )


def make(pod: Object, objects: Iterable[Object], directory: Path) -> dict[str, Path]:
    """Make every volume of a pod; name and directory of each.

    Args:
        pod: the ``spec`` of a pod template.
        objects: where its ConfigMaps and Secrets are.
        directory: an existing one, the pod's own.

    Raises:
        UsageError: a ConfigMap or Secret is missing, or it is a volume of a cluster's.
    """
    among = list(objects)
    return {volume["name"]: _made(volume, among, directory) for volume in pod.get("volumes", ())}


def _made(volume: Object, objects: list[Object], directory: Path) -> Path:
    made = directory / str(volume["name"])
    made.mkdir()
    if "emptyDir" in volume:
        made.chmod(0o777)
        return made
    if "configMap" in volume:
        source = volume["configMap"]
        data = data_of(objects, "ConfigMap", source["name"])
    elif "secret" in volume:
        source = volume["secret"]
        data = data_of(objects, "Secret", source["secretName"])
    else:
        kind = next(key for key in volume if key != "name")
        raise UsageError(
            f"volume {volume['name']} is a {kind}, which only a cluster has",
            hint="rehearse without it",
        )
    wanted = {item["key"]: item["path"] for item in source.get("items", ())}
    for key, content in data.items():
        if not wanted or key in wanted:
            path = made / wanted.get(key, key)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(source.get("defaultMode", 0o644))
    return made
