"""How objects are put together: names, labels, hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from holdfast.kube.app import App, Object

COMPONENT = "app.kubernetes.io/component"
"""The label that says which part of the application an object belongs to."""
_NOT_IN_LABELS = re.compile(r"[^A-Za-z0-9_.-]")


def present(**fields: Any) -> Object:
    """The fields that say something: None and empty collections are left out."""
    return {
        name: value
        for name, value in fields.items()
        if value is not None and value not in ({}, [], ())
    }


def named(app: App, component: str) -> str:
    """``shop-web``; the length of both is limited where they are read."""
    return f"{app.name}-{component}"


def selector(app: App, component: str) -> dict[str, str]:
    """The labels by which pods are found; they never change, so a Deployment stays what it is."""
    return {COMPONENT: component, "app.kubernetes.io/instance": app.name}


def labels(app: App, component: str) -> dict[str, str]:
    """All labels of an object: the person's own, and Kubernetes' recommended ones."""
    return {
        **(app.labels or {}),
        COMPONENT: component,
        "app.kubernetes.io/instance": app.name,
        "app.kubernetes.io/managed-by": "holdfast",
        "app.kubernetes.io/name": app.name,
        "app.kubernetes.io/part-of": app.name,
    }


def version(app: App) -> str:
    """The tag of the image, or the beginning of its digest, as a label may be."""
    name, _, digest = app.spec.image.partition("@sha256:")
    if digest:
        return digest[:12]
    tag = name.rpartition("/")[2].partition(":")[2]
    return _NOT_IN_LABELS.sub("_", tag).strip("-_.")[:63] or "unknown"


def metadata(
    app: App, name: str, component: str, *, annotations: Mapping[str, str] | None = None
) -> Object:
    """The metadata of an object of the application."""
    return present(
        name=name,
        namespace=app.namespace,
        labels=labels(app, component),
        annotations=dict(annotations or {}),
    )


def digest(value: Any) -> str:
    """Ten hex digits that stand for a value, the same on every machine.

    Args:
        value: what JSON can say.
    """
    return hashlib.sha256(msgspec.json.encode(value, order="deterministic")).hexdigest()[:10]


def config_map(app: App, name: str, component: str, data: Mapping[str, str]) -> Object:
    """A ConfigMap named after its content: other content is another object, so pods roll.

    It cannot be changed in place, where a pod that starts later would read something else than its
    sisters.
    """
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata(app, f"{name}-{digest(dict(data))}", component),
        "immutable": True,
        "data": dict(data),
    }


def service_account(
    app: App, name: str, component: str, annotations: Mapping[str, str] | None = None
) -> Object:
    """An account of its own, whose token no pod is given."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata(app, name, component, annotations=annotations),
        "automountServiceAccountToken": False,
    }
