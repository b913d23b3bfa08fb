"""Whether an API server would take an object, by Kubernetes' own schemas and those of CRDs.

Kubernetes': the strict JSON schemas of ``kubernetes-validate`` (PyPI), which ``make install`` puts
into ``.venv-kubernetes`` (a hundred megabytes of data; nothing of it is run). Custom resources':
the directory that HOLDFAST_CRD_SCHEMAS names, one folder a project and version with files
``Kind_group_version.json`` (the ``openAPIV3Schema`` of a CRD), and ``crds`` beside this file.
Without that variable, what PyPI has models of (``scripts/crd-schemas``); ``unvalidated`` says of
what the examples have there is none.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

from holdfast.kube.app import OLDEST, App, Object

ROOT = Path(__file__).parents[2]
CRDS = os.environ.get("HOLDFAST_CRD_SCHEMAS")
FROM_PYPI = ROOT / ".venv-kubernetes" / "crds"
OURS = Path(__file__).parent / "crds"
LAST = 4
"""So many of the newest minors are validated against, beside the oldest that is rendered for."""

_KINDS = re.compile(r"^apiVersion: (\S+)$(?:\n.*)*?\nkind: (\S+)$", re.MULTILINE)
_BASE = "https://kubernetes.invalid/api"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_LABEL = re.compile(r"([-a-z0-9.]{1,253}/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")


def _directories() -> dict[int, Path]:
    found = {
        int(directory.name.split(".")[1]): directory
        for directory in (ROOT / ".venv-kubernetes").glob(
            "lib/python3*/site-packages/kubernetes_validate/kubernetes-json-schema/v1.*-local-strict"
        )
    }
    assert found, ".venv-kubernetes has no schemas: make install"
    return found


_DIRECTORIES = _directories()
MINORS = (OLDEST, *sorted(minor for minor in _DIRECTORIES if minor > OLDEST)[-LAST:])


def problems(one: Object, minor: int, app: App | None = None) -> list[str]:
    """What an API server of Kubernetes 1.``minor`` would refuse an object for.

    Args:
        app: says which version and channel of the Gateway API; without it the usual one.
    """
    name = f"{one.get('kind')} {one.get('metadata', {}).get('name')}"
    schema = _schema(one["apiVersion"], one["kind"], minor, _gateway_api(app))
    found = [*_of_metadata(one.get("metadata", {})), *_nothing(one, ())]
    if schema is not None:
        found += [
            f"{'.'.join(map(str, error.instance_path))}: {error.message}"
            for error in schema.iter_errors(one)
        ]
    return [f"1.{minor} {name}: {problem}" for problem in found]


def all_problems(
    objects: Iterable[Object], app: App | None = None, minors: Iterable[int] = MINORS
) -> list[str]:
    """The same of many objects, for all minors; an object may be there once."""
    objects = list(objects)
    found = [
        problem for minor in minors for one in objects for problem in problems(one, minor, app)
    ]
    seen: set[tuple[str, ...]] = set()
    for one in objects:
        group = one["apiVersion"].rpartition("/")[0]
        meta = one["metadata"]
        identity = (group, one["kind"], meta.get("namespace", ""), meta["name"])
        if identity in seen:
            found.append(f"{one['kind']} {meta['name']} is there twice")
        seen.add(identity)
    return found


def unvalidated() -> list[str]:
    """Custom resources of the examples for which no schema is at hand, as ``Kind (group)``."""
    kinds = {
        (version, kind)
        for file in ROOT.glob("examples/*/rendered/*.yaml")
        for version, kind in _KINDS.findall(file.read_text())
    }
    return sorted(
        f"{kind} ({version.partition('/')[0]})"
        for version, kind in kinds
        if _schema(version, kind, OLDEST, _gateway_api(None)) is None
    )


@cache
def _schema(
    api_version: str, kind: str, minor: int, gateway_api: str
) -> jsonschema_rs.Validator | None:
    group, _, version = api_version.rpartition("/")
    if "." not in group or (group.endswith(".k8s.io") and not group.startswith("gateway.")):
        words = [
            kind,
            *([group.removesuffix(".k8s.io").partition(".")[0]] if group else []),
            version,
        ]
        file = _DIRECTORIES[minor] / f"{'-'.join(words).lower()}.json"
        assert file.exists(), f"Kubernetes 1.{minor} has no {api_version} {kind}"
        schema = json.loads(file.read_bytes()) | {"$id": f"{_BASE}/{file.name}"}
        return jsonschema_rs.validator_for(schema, registry=_definitions(minor))
    file_name = f"{kind}_{group}_{version}.json"
    files = sorted(OURS.glob(f"*/{file_name}")) or [
        file
        for file in sorted(Path(CRDS or FROM_PYPI).glob(f"*/{file_name}"))
        if not file.parent.name.startswith("gateway-api") or file.parent.match(gateway_api)
    ]
    if CRDS is None and not files:
        return None
    assert files, f"no CRD is {api_version} {kind} ({gateway_api})"
    schema = json.loads(files[-1].read_bytes())
    strict = _strict(schema)
    strict["properties"] |= {"apiVersion": {}, "kind": {}, "metadata": {"type": "object"}}
    return jsonschema_rs.Draft202012Validator(strict)


@cache
def _definitions(minor: int) -> jsonschema_rs.Registry:
    uri = f"{_BASE}/_definitions.json"
    schema = json.loads((_DIRECTORIES[minor] / "_definitions.json").read_bytes())
    return jsonschema_rs.Registry(resources=[(uri, schema)])


def _gateway_api(app: App | None) -> str:
    gateway = None if app is None else app.spec.edge.gateway
    version, channel = (gateway.version, gateway.channel) if gateway else ("1.2", "standard")
    return f"gateway-api-v{version}.*-{channel}"


def _strict(schema: dict[str, Any]) -> dict[str, Any]:
    """A structural schema that refuses what an API server would drop without a word.

    https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#field-pruning
    """
    made = dict(schema)
    if properties := schema.get("properties"):
        made["properties"] = {name: _strict(inner) for name, inner in properties.items()}
    if isinstance(schema.get("items"), dict):
        made["items"] = _strict(schema["items"])
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _strict(schema["additionalProperties"])
    elif schema.get("type") == "object" and not schema.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
    if schema.get("nullable") and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
    return made


def _of_metadata(metadata: Object) -> Iterator[str]:
    if not _NAME.fullmatch(metadata.get("name", "")):
        yield f"metadata.name: {metadata.get('name')!r} is no name"
    for key, value in metadata.get("labels", {}).items():
        if not (_LABEL.fullmatch(key) and _LABEL_VALUE.fullmatch(value)):
            yield f"metadata.labels: {key}: {value} is no label"
    for key, value in metadata.get("annotations", {}).items():
        if not (_LABEL.fullmatch(key) and isinstance(value, str)):
            yield f"metadata.annotations: {key}: {value!r} is no annotation"


def _nothing(value: Any, path: tuple[str | int, ...]) -> Iterator[str]:
    """Nulls: Kubernetes' schemas allow them, and who applies them twice sees a difference."""
    if value is None:
        yield f"{'.'.join(map(str, path))}: is null"
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _nothing(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nothing(inner, (*path, index))
