"""Kubernetes objects as they stand in manifests, and how they find each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol, TypeVar

from holdfast.check.kubernetes.data import Variable, values_of
from holdfast.manifests.place import Located, Place

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

MAX_LISTS = 8
"""How deep lists of lists of objects may go."""


class Document(Located, Protocol):
    """What objects are read of: a file's, or one that was put together of several."""

    @property
    def value(self) -> Any:
        """Dicts, lists, strings, numbers, booleans, None."""


@dataclass(frozen=True, eq=False)
class Object:
    """One object.

    Args:
        document: it stands in.
        root: where in the document; empty unless the document is a list of objects.
        body: the object itself.
    """

    document: Document = field(repr=False)
    root: tuple[str | int, ...]
    body: Mapping[str, Any] = field(repr=False)

    @cached_property
    def kind(self) -> str:
        """``Deployment``."""
        return str(self.body.get("kind", ""))

    @property
    def api_version(self) -> str:
        """``apps/v1``."""
        return str(self.body.get("apiVersion", ""))

    @property
    def group(self) -> str:
        """``apps``; empty for the core's."""
        group, slash, _version = self.api_version.partition("/")
        return group if slash else ""

    @cached_property
    def name(self) -> str:
        """Empty where it has none, as with ``generateName``."""
        return text(self.get("metadata", "name"))

    @cached_property
    def namespace(self) -> str:
        """Empty where the manifest leaves it to whoever applies it."""
        return text(self.get("metadata", "namespace"))

    @cached_property
    def values(self) -> Mapping[str, Variable]:
        """What a ConfigMap or a Secret holds, by key; of a Secret decoded."""
        return values_of(self)

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Of the object itself."""
        return words(self.get("metadata", "labels"))

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """Of the object itself."""
        return words(self.get("metadata", "annotations"))

    def __str__(self) -> str:
        """``Deployment shop/web``, as people call it."""
        name = self.name or "(no name)"
        return f"{self.kind} {self.namespace}/{name}" if self.namespace else f"{self.kind} {name}"

    def get(self, *path: str | int) -> Any:
        """What stands at a path; None where nothing does."""
        return get(self.body, *path)

    def at(self, *path: str | int) -> Place:
        """Where that stands; of the nearest that is there otherwise."""
        return self.document.at(*self.root, *path)

    def key_at(self, *path: str | int) -> Place:
        """Where its key stands."""
        return self.document.key_at(*self.root, *path)

    def span(self, *path: str | int) -> tuple[int, int]:
        """First byte and the one behind the last, of a scalar that is there."""
        return self.document.span(*self.root, *path)


class Objects:
    """The objects that are deployed together.

    A name without a namespace finds an object of any namespace, if there is one only: many
    manifests leave the namespace to whoever applies them.
    """

    def __init__(self, objects: Iterable[Object]) -> None:
        self._all = tuple(objects)

    def __iter__(self) -> Iterator[Object]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    @cached_property
    def _by_kind(self) -> Mapping[str, tuple[Object, ...]]:
        return grouped((found.kind, found) for found in self._all)

    @cached_property
    def _by_name(self) -> Mapping[tuple[str, str], tuple[Object, ...]]:
        return grouped(((found.kind, found.name), found) for found in self._all)

    @cached_property
    def _by_target(self) -> Mapping[str, tuple[Object, ...]]:
        scalers = self.of("HorizontalPodAutoscaler", "ScaledObject")
        return grouped((text(one.get("spec", "scaleTargetRef", "name")), one) for one in scalers)

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str], tuple[Object, ...]]:
        """Services, by one of the labels that they all ask for."""
        asked = ((words(one.get("spec", "selector")), one) for one in self.of("Service"))
        return grouped((min(selector.items()), one) for selector, one in asked if selector)

    def scalers(self, name: str) -> tuple[Object, ...]:
        """What scales something of that name, autoscalers first."""
        return self._by_target.get(name, ())

    def services(self, labels: Mapping[str, str]) -> Iterator[Object]:
        """The Services of all namespaces whose selectors take pods with these labels."""
        for label in labels.items():
            for service in self._by_label.get(label, ()):
                if selects(service.get("spec", "selector"), labels) and not service.group:
                    yield service

    def of(self, *kinds: str) -> tuple[Object, ...]:
        """All of some kinds."""
        return tuple(found for kind in kinds for found in self._by_kind.get(kind, ()))

    def named(self, kind: str, name: str) -> tuple[Object, ...]:
        """All of a kind and a name, in any namespace."""
        return self._by_name.get((kind, name), ())

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """The one of that name."""
        named = self.named(kind, name)
        exact = [found for found in named if found.namespace == namespace]
        if len(exact) == 1:
            return exact[0]
        near = [found for found in named if same_namespace(found.namespace, namespace)]
        return near[0] if len(near) == 1 and not exact else None


def grouped(pairs: Iterable[tuple[_Key, _Value]]) -> Mapping[_Key, tuple[_Value, ...]]:
    """Values by their keys, in order."""
    groups: dict[_Key, list[_Value]] = {}
    for key, found in pairs:
        groups.setdefault(key, []).append(found)
    return {key: tuple(found) for key, found in groups.items()}


def objects(documents: Iterable[Document]) -> Iterator[Object]:
    """The objects in documents; those in lists one by one, what is no object left out."""
    for document in documents:
        yield from _in(document, (), document.value, MAX_LISTS)


def _in(
    document: Document, root: tuple[str | int, ...], value: Any, depth: int
) -> Iterator[Object]:
    if not isinstance(value, dict) or not depth:
        return
    kind, version = value.get("kind"), value.get("apiVersion")
    if not isinstance(kind, str) or not isinstance(version, str):
        return
    items = value.get("items")
    if kind.endswith("List") and isinstance(items, list):
        for index, item in enumerate(items):
            yield from _in(document, (*root, "items", index), item, depth - 1)
        return
    yield Object(document, root, value)


def same_namespace(one: str, other: str) -> bool:
    """Whether two namespaces can be the same: an empty one is whichever is applied to."""
    return one == other or not one or not other


def get(value: Any, *path: str | int) -> Any:
    """What stands at a path below a value; None where nothing does."""
    for step in path:
        # Nearly all are dicts or nothing, and asking an abstract class is slow.
        if value is None:
            return None
        if type(value) is dict or isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def items(value: Any, *path: str | int) -> list[Any]:
    """The list at a path; empty where there is none."""
    found = get(value, *path)
    return found if isinstance(found, list) else []


def text(value: Any) -> str:
    """A text; empty where something else stands."""
    return value if isinstance(value, str) else ""


def whole(value: Any) -> int | None:
    """A whole number; None where something else stands."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def words(value: Any) -> Mapping[str, str]:
    """Names and texts of a mapping; what is no text left out."""
    if value is None or not isinstance(value, Mapping):
        return {}
    return {name: word for name, word in value.items() if isinstance(word, str)}


def selects(selector: Any, labels: Mapping[str, str]) -> bool:
    """Whether a selector that names labels alone takes these; an empty one takes nothing."""
    wanted = words(selector)
    return bool(wanted) and wanted.items() <= labels.items()


def selects_by_expression(selector: Any, labels: Mapping[str, str]) -> bool | None:
    """Whether a LabelSelector takes these labels (meta/v1); an empty one takes all.

    None where it has an operator that is not known.
    """
    if not isinstance(selector, Mapping):
        return False
    if not words(selector.get("matchLabels")).items() <= labels.items():
        return False
    for expression in items(selector, "matchExpressions"):
        key, values = text(get(expression, "key")), items(expression, "values")
        match get(expression, "operator"):
            case "In":
                taken = labels.get(key) in values
            case "NotIn":
                taken = labels.get(key) not in values
            case "Exists":
                taken = key in labels
            case "DoesNotExist":
                taken = key not in labels
            case _:
                return None
        if not taken:
            return False
    return True
