"""What a kustomization does to all of its objects: images, replicas, namespace, labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from holdfast.check.kubernetes.objects import get, items, text, whole, words
from holdfast.check.kubernetes.workload import POD_TEMPLATES
from holdfast.check.sources.kustomize.tree import Node, Spot
from holdfast.manifests.yaml import Document

_CLUSTER_WIDE: Final = frozenset((
    "Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "StorageClass",
    "IngressClass", "GatewayClass", "PriorityClass", "PersistentVolume", "ClusterIssuer",
    "ClusterSecretStore",
))  # fmt: skip

# kustomize, commonlabels.go: the selectors that labels are put into.
_SELECTORS: Final[Mapping[str, tuple[str, ...]]] = {
    "Service": ("spec", "selector"),
    "ReplicationController": ("spec", "selector"),
    "Deployment": ("spec", "selector", "matchLabels"),
    "StatefulSet": ("spec", "selector", "matchLabels"),
    "DaemonSet": ("spec", "selector", "matchLabels"),
    "ReplicaSet": ("spec", "selector", "matchLabels"),
    "PodDisruptionBudget": ("spec", "selector", "matchLabels"),
    "NetworkPolicy": ("spec", "podSelector", "matchLabels"),
}


def transformed(document: Document, nodes: list[Node]) -> list[Node]:
    """The objects after all that the kustomization says of them together."""
    value = document.value
    namespace = text(get(value, "namespace"))
    spot = Spot(document.at("namespace"))
    for index, entry in enumerate(items(value, "images")):
        where = Spot(document.at("images", index))
        nodes = [_with_image(node, words(entry), where) for node in nodes]
    for index, entry in enumerate(items(value, "replicas")):
        where = Spot(document.at("replicas", index, "count"))
        count = whole(get(entry, "count"))
        name = text(get(entry, "name"))
        nodes = [
            _set(node, ("spec", "replicas"), Node(count, where, ()))
            if count is not None and node.text("metadata", "name") == name and _scales(node)
            else node
            for node in nodes
        ]
    if namespace:
        nodes = [
            node
            if node.text("kind") in _CLUSTER_WIDE
            else _set(node, ("metadata", "namespace"), Node(namespace, spot, ()))
            for node in nodes
        ]
    return [_labelled(document, node) for node in nodes]


def _labelled(document: Document, node: Node) -> Node:
    for where, pairs, templates, selectors in _labels(document):
        paths: list[tuple[str | int, ...]] = [("metadata", "labels")]
        if templates and (template := POD_TEMPLATES.get(node.text("kind"))):
            paths.append((*template, "metadata", "labels"))
        selector = _SELECTORS.get(node.text("kind")) if selectors else None
        # A policy for all pods stays one.
        if selector and (node.text("kind") != "NetworkPolicy" or node.get(*selector)):
            paths.append(selector)
        for name, value in pairs.items():
            label = Node(value, Spot(document.at(*where, name)), ())
            for path in paths:
                node = _set(node, (*path, name), label)
    for name, value in words(get(document.value, "commonAnnotations")).items():
        note = Node(value, Spot(document.at("commonAnnotations", name)), ())
        node = _set(node, ("metadata", "annotations", name), note)
    return node


def _labels(
    document: Document,
) -> Iterator[tuple[tuple[str | int, ...], Mapping[str, str], bool, bool]]:
    """Where labels stand, what they are, and whether templates and selectors take them too."""
    yield ("commonLabels",), words(get(document.value, "commonLabels")), True, True
    for index, entry in enumerate(items(document.value, "labels")):
        selectors = get(entry, "includeSelectors") is True
        templates = selectors or get(entry, "includeTemplates") is True
        yield ("labels", index, "pairs"), words(get(entry, "pairs")), templates, selectors


def _scales(node: Node) -> bool:
    return node.text("kind") in ("Deployment", "StatefulSet", "ReplicaSet", "ReplicationController")


def _with_image(node: Node, entry: Mapping[str, str], where: Spot) -> Node:
    template = POD_TEMPLATES.get(node.text("kind"))
    if template is None:
        return node
    for part in ("containers", "initContainers"):
        containers = node.get(*template, "spec", part)
        for index, container in enumerate(containers.elements() if containers else ()):
            image = container.text("image")
            name, _, _digest = image.partition("@")
            head, slash, tail = name.rpartition("/")
            bare, _, tag = tail.partition(":")
            if head + slash + bare != entry.get("name"):
                continue
            renamed = entry.get("newName", head + slash + bare)
            digest = entry.get("digest")
            tag = entry.get("newTag", tag)
            full = f"{renamed}@{digest}" if digest else f"{renamed}:{tag}" if tag else renamed
            path = (*template, "spec", part, index, "image")
            node = _set(node, path, Node(full, where, ()))
    return node


def _set(node: Node, path: tuple[str | int, ...], value: Node) -> Node:
    """The node with another value at a path; mappings that are not there are made."""
    first, *rest = path
    child = node.child(first) or Node({}, value.source, value.path)
    below = _set(child, tuple(rest), value) if rest else value
    if isinstance(first, str):
        return node.with_child(first, below)
    elements = list(node.elements())
    elements[first] = below
    return Node(tuple(elements), node.source, node.path)
