"""What a cluster refuses to change of a StatefulSet, and how it is changed all the same.

kubernetes pkg/apis/apps/validation, ``ValidateStatefulSetUpdate``: updates to the spec are
forbidden but for some fields. A StatefulSet can be deleted without its pods
(``--cascade=orphan``); the next one takes them over by their labels, and their claims by their
names.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress
from shlex import quote

from holdfast.kube.app import Object
from holdfast.kube.directory import Change
from holdfast.kube.quantity import whole
from holdfast.manifests.yaml import Document, documents

_CHANGEABLE = (
    "minReadySeconds",
    "ordinals",
    "persistentVolumeClaimRetentionPolicy",
    "replicas",
    "revisionHistoryLimit",
    "template",
    "updateStrategy",
)

_Key = tuple[str, str]


def commands(changes: Iterable[Change]) -> list[str]:
    """What has to be run before the new files are applied, if the old ones were.

    Args:
        changes: of files with objects; what is no YAML is passed over.
    """
    changes = list(changes)
    before = dict(_stateful_sets(change.before for change in changes))
    after = dict(_stateful_sets(change.after for change in changes))
    return [
        line
        for key in before
        if key in after and _fixed(before[key]) != _fixed(after[key])
        for line in _replaced(*key, before[key], after[key])
    ]


def _stateful_sets(texts: Iterable[str | None]) -> Iterator[tuple[_Key, Object]]:
    for text in texts:
        if text is None or "kind: StatefulSet" not in text:
            continue
        for one in documents(text.encode("utf-8", "surrogateescape"), ""):
            match one:
                case Document(
                    value={
                        "kind": "StatefulSet",
                        "metadata": {"name": str(name), **metadata},
                        "spec": {**spec},
                    }
                ):
                    namespace = str(metadata.get("namespace", ""))
                    yield (namespace, name), {str(key): value for key, value in spec.items()}


def _fixed(spec: Object) -> Object:
    return {name: value for name, value in spec.items() if name not in _CHANGEABLE}


def _replaced(namespace: str, name: str, before: Object, after: Object) -> Iterator[str]:
    where = f" -n {quote(namespace)}" if namespace else ""
    changed = ", ".join(key for key in _fixed(after) if before.get(key) != after[key])
    yield f"# of statefulset/{name} nobody may change {changed}: it is made anew, pods stay"
    old = _sizes(before)
    for volume, size in _sizes(after).items():
        if volume in old and old[volume][0] < size[0]:
            patch = json.dumps({"spec": {"resources": {"requests": {"storage": size[1]}}}})
            for ordinal in range(_replicas(before)):
                claim = quote(f"{volume}-{name}-{ordinal}")
                yield f"kubectl patch{where} pvc {claim} -p {quote(patch)}"
    yield f"kubectl delete{where} statefulset {quote(name)} --cascade=orphan"


def _sizes(spec: Object) -> dict[str, tuple[int, str]]:
    """Of its claims, in bytes and as it was said; somebody may have edited the file."""
    found = {}
    match spec:
        case {"volumeClaimTemplates": [*claims]}:
            for claim in claims:
                match claim:
                    case {
                        "metadata": {"name": str(name)},
                        "spec": {"resources": {"requests": {"storage": str(size)}}},
                    }:
                        with suppress(ValueError, KeyError):
                            found[name] = whole(size), size
    return found


def _replicas(spec: Object) -> int:
    match spec.get("replicas"):
        case int(number):
            return number
    return 1
