"""The two sorts of patches: strategic merge, and JSON 6902."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from holdfast.check.sources.kustomize.tree import Node

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "ephemeralContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "volumeDevices": ("devicePath",),
    "ports": ("containerPort", "port"),
    "imagePullSecrets": ("name",),
    "hostAliases": ("ip",),
    "topologySpreadConstraints": ("topologyKey",),
}
"""Lists of Kubernetes' own objects that are merged by a key (``x-kubernetes-patch-merge-key``,
OpenAPI of Kubernetes 1.34); all other lists are replaced as a whole.
"""

_OWN_GROUPS: Final = ("apps", "batch", "autoscaling", "policy", "networking.k8s.io", "")
_DIRECTIVE: Final = "$patch"


class Refused(Exception):  # noqa: N818 - an answer: this cannot be told from here
    """A patch that is not followed; its message says why."""


def merged(base: Node, patch: Node, group: str) -> Node | None:
    """A strategic merge patch applied; None where it deletes the whole.

    Args:
        base: the object.
        patch: what is laid over it.
        group: the API group; of custom resources lists are replaced.

    Raises:
        Refused: it has a directive that is not followed.
    """
    return _merged(base, patch, KEYS if group in _OWN_GROUPS else {})


def _merged(base: Node, patch: Node, keys: Mapping[str, tuple[str, ...]]) -> Node | None:
    if not isinstance(patch.value, Mapping) or not isinstance(base.value, Mapping):
        return _cleaned(patch)
    match patch.text(_DIRECTIVE):
        case "delete":
            return None
        case "replace":
            return _cleaned(patch.with_child(_DIRECTIVE, None))
    result = dict(base.items())
    for name, over in patch.items().items():
        if name.startswith("$") and name != _DIRECTIVE:
            raise Refused(f"the directive {name}")
        if name == _DIRECTIVE:
            continue
        below = result.get(name)
        if over.value is None:
            result.pop(name, None)
        elif below is None:
            result[name] = _cleaned(over)
        elif isinstance(over.value, tuple) and isinstance(below.value, tuple) and name in keys:
            result[name] = _merged_lists(below, over, keys[name], keys)
        else:
            merged_below = _merged(below, over, keys)
            if merged_below is None:
                result.pop(name)
            else:
                result[name] = merged_below
    return Node(result, base.source, base.path)


def _merged_lists(
    base: Node, patch: Node, names: tuple[str, ...], keys: Mapping[str, tuple[str, ...]]
) -> Node:
    if any(element.text(_DIRECTIVE) == "replace" for element in patch.elements()):
        kept = [e for e in patch.elements() if not e.text(_DIRECTIVE)]
        return Node(tuple(map(_cleaned, kept)), patch.source, patch.path)
    result = list(base.elements())
    for over in patch.elements():
        identity = _identity(over, names)
        index = next((i for i, e in enumerate(result) if _identity(e, names) == identity), None)
        if identity is None:
            raise Refused("an element of a list without the key that it is merged by")
        if index is None:
            if over.text(_DIRECTIVE) != "delete":
                # New ones come first (kustomize puts them before those that are there).
                result.append(_cleaned(over))
            continue
        element = _merged(result[index], over, keys)
        if element is None:
            result.pop(index)
        else:
            result[index] = element
    return Node(tuple(result), base.source, base.path)


def _identity(element: Node, names: tuple[str, ...]) -> Any:
    for name in names:
        if (found := element.get(name)) is not None:
            return name, found.value
    return None


def _cleaned(node: Node) -> Node:
    """What a patch brings anew: without its nulls."""
    if isinstance(node.value, Mapping):
        inside = {n: _cleaned(c) for n, c in node.items().items() if c.value is not None}
        return Node(inside, node.source, node.path)
    return node


def changed(base: Node, operations: Node) -> Node:
    """A JSON patch applied (RFC 6902: add, replace, remove).

    Raises:
        Refused: an operation is another one, or names what is not there.
    """
    for operation in operations.elements():
        words = operation.text("path")
        if not words.startswith("/"):
            raise Refused("a JSON patch of the whole object")
        steps = [s.replace("~1", "/").replace("~0", "~") for s in words[1:].split("/")]
        verb = operation.text("op")
        if verb not in ("add", "replace", "remove"):
            raise Refused(f"the operation «{verb[:20]}» of a JSON patch")
        value = operation.get("value")
        if verb != "remove" and value is None:
            raise Refused("a JSON patch without a value")
        base = _changed(base, steps, verb, value)
    return base


def _changed(node: Node, steps: list[str], verb: str, value: Node | None) -> Node:
    first, *rest = steps
    if isinstance(node.value, Mapping):
        child = node.child(first)
        if not rest:
            if verb != "add" and child is None:
                raise Refused(f"a JSON patch of {first}, which is not there")
            return node.with_child(first, None if verb == "remove" else value)
        if child is None:
            raise Refused(f"a JSON patch below {first}, which is not there")
        return node.with_child(first, _changed(child, rest, verb, value))
    elements = list(node.elements())
    if not isinstance(node.value, tuple) or not (first == "-" or first.isdigit()):
        raise Refused(f"a JSON patch at {first}, which is neither mapping nor list")
    index = len(elements) if first == "-" else int(first)
    if index > len(elements) or (index == len(elements) and (rest or verb != "add")):
        raise Refused(f"a JSON patch of element {first}, which is not there")
    if rest:
        elements[index] = _changed(elements[index], rest, verb, value)
    elif verb == "add" and value is not None:
        elements.insert(index, value)
    elif verb == "replace" and value is not None:
        elements[index] = value
    else:
        elements.pop(index)
    return Node(tuple(elements), node.source, node.path)
