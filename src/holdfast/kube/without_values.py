"""Manifests as they may be shown: what a Secret holds is ``***``.

Whoever wrote them, and whatever somebody made of them by hand: they are read as kubectl reads them,
and of what cannot be read nothing is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from holdfast.kube.emit import emit
from holdfast.manifests.unreadable import Unreadable
from holdfast.manifests.yaml import documents

_MASK = "***"
_NOTHING = "*** not shown: it cannot be read as YAML, and may hold a Secret\n"
_DOCUMENT = re.compile(r"^(?=---)", re.MULTILINE)
_END = re.compile(r"^\.\.\.", re.MULTILINE)
"""What stands behind it kubectl does not read, and neither do we."""
_KIND = re.compile(r"""kind\\?["']?\s*:\s*\\?["']?secret\b""", re.IGNORECASE)
_DATA = re.compile(r"\b(?:data|stringData)\b")
_COMMENTED = re.compile(r"#.*kind\W+secret\b", re.IGNORECASE)
_ONE_KIND = re.compile(r"[A-Za-z]+")
_SHOWN = frozenset({"apiVersion", "kind", "type", "immutable"})
_SHOWN_METADATA = frozenset({"name", "namespace", "labels"})
"""Not annotations: kubectl keeps what it applied last there, values and all."""
_REFERENCE = frozenset(
    {"apiVersion", "group", "version", "kind", "name", "namespace", "key", "optional"}
    | {"sectionName", "fieldPath", "fieldPaths", "labelSelector", "annotationSelector"}
)
"""What has no other key names a Secret and holds none."""


def without_values(text: str) -> str:
    """The manifests as they are written, but a document with a Secret as we would write it.

    Args:
        text: YAML, or anything.
    """
    shown = [_shown(piece) for piece in _DOCUMENT.split(text)]
    return _NOTHING if None in shown else "".join(piece for piece in shown if piece)


def _shown(piece: str) -> str | None:
    """A document; None where it cannot be told what is in it."""
    found = documents(piece.encode("utf-8", "surrogateescape"), "")
    comment = f"# {_MASK}\n" if _COMMENTED.search(piece) else ""
    if not found:
        return comment or piece
    (one, *more) = found
    if more or isinstance(one, Unreadable) or one.repeated or _END.search(piece):
        return None
    if not isinstance(one.value, dict):
        return None
    masked = _masked(one.value)
    if masked == one.value and not comment:
        return piece
    try:
        return emit([masked]).replace(f'"{_MASK}"', _MASK) + comment
    except ValueError:  # .inf, which no manifest can say
        return None


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _MASK if _KIND.search(value) and _DATA.search(value) else value
    if isinstance(value, list):
        return [_masked(one) for one in value]
    if not isinstance(value, dict):
        return value
    if _is_secret(value):
        return {key: _of_secret(key, part) for key, part in value.items()}
    hidden = {"secretGenerator"} | ({"patch"} if _may_patch_one(value) else set())
    return {key: _MASK if key in hidden else _masked(part) for key, part in value.items()}


def _is_secret(value: Mapping[str, Any]) -> bool:
    kind = value.get("kind")
    named = isinstance(kind, str) and kind.strip().lower() in ("secret", "secretlist")
    return named and not value.keys() <= _REFERENCE


def _of_secret(key: str, part: Any) -> Any:
    if key in _SHOWN and not isinstance(part, dict | list):
        return part
    if isinstance(part, dict) and key == "metadata":
        return {name: one if name in _SHOWN_METADATA else _MASK for name, one in part.items()}
    if isinstance(part, dict) and key in ("data", "stringData"):
        return dict.fromkeys(part, _MASK)
    return _MASK


def _may_patch_one(value: Mapping[str, Any]) -> bool:
    """Whether it is kustomize's patch of what may be a Secret: its ``kind`` is a pattern there."""
    target = value.get("target")
    if not isinstance(target, dict):
        return False
    kind = target.get("kind")
    return not (isinstance(kind, str) and _ONE_KIND.fullmatch(kind) and kind.lower() != "secret")
