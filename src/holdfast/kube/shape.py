"""Whether plain data has the shape of a ``LaravelApp``: all that is wrong, each with its path.

msgspec says the first thing only. What is found here and what msgspec refuses is the same, which is
tested; msgspec decides.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect
from msgspec.inspect import Type

from holdfast.kube.expected import bare, expected, nullable
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.spec.laravel_app import Metadata, Spec

Path = tuple[str | int, ...]

_OF_KUBERNETES = frozenset(
    {
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "managedFields",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)
"""Fields of ObjectMeta that a file may have and that are nobody's here."""

_ELSEWHERE_CALLED = {"env": "config", "envFrom": "secretName", "hosts": "host", "replicas": "min"}
"""What Kubernetes, Helm charts or other tools call it."""
_FEW = 3

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


@cache
def kind_of(struct: type[msgspec.Struct]) -> Type:
    """What msgspec knows of a struct."""
    return inspect.type_info(struct)


def wrong(value: Any, kind: Type, path: Path = ()) -> Iterator[Refusal]:
    """All that keeps a value from being of a kind.

    Args:
        value: plain data, as JSON has it.
        kind: by ``kind_of``.
        path: of the value.
    """
    if value is None and nullable(kind):
        return
    bared, _ = bare(kind)
    match bared, value:
        case inspect.StructType(), dict():
            yield from _fields(value, bared, path)
        case inspect.DictType(), dict():
            yield from _length(value, bared, path)
            for key, one in value.items():
                yield from _key(key, bared.key_type, (*path, key))
                yield from wrong(one, bared.value_type, (*path, key))
        case inspect.VarTupleType(), list():
            yield from _length(value, bared, path)
            for index, one in enumerate(value):
                yield from wrong(one, bared.item_type, (*path, index))
        case inspect.AnyType(), _:
            return
        case _:
            if not _fits(value, bared):
                yield _refused(value, kind, path)


def control_characters(value: Any, path: Path = ()) -> Iterator[Refusal]:
    """Texts that a pattern lets pass though they end a line: ``$`` matches before the last one."""
    match value:
        case str() if _CONTROL.search(value):
            reason = f"{dotted(path)} has a line break or another control character"
            yield Refusal(
                path, reason, "one line of text; files belong into the image or the Secret"
            )
        case dict():
            for key, one in value.items():
                if _CONTROL.search(key):
                    reason = f"a key of {dotted(path)} has a control character"
                    yield Refusal((*path, key), reason, "one line of text", of_key=True)
                yield from control_characters(one, (*path, key))
        case list():
            for index, one in enumerate(value):
                yield from control_characters(one, (*path, index))


def dotted(path: Path) -> str:
    """``web.min``, ``workers[0].name``; as people write it."""
    words = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return words.removeprefix(".") or "it"


def nearest(word: str, words: Collection[str]) -> str:
    """«did you mean ...?», where else there is one, or which there are."""
    called = _ELSEWHERE_CALLED.get(word)
    places = _places(word)
    near = [
        *difflib.get_close_matches(word, words, n=1, cutoff=0.8),
        *([called] if called in words else []),
        *([" or ".join(places)] if 0 < len(places) <= _FEW else []),
        *difflib.get_close_matches(word, words, n=1),
    ]
    return f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(words))}"


@cache
def _places(name: str) -> list[str]:
    """Where in the specification a field of that name is."""
    return [path for path in _paths(kind_of(Spec), "spec") if path.endswith(f".{name}")]


def _paths(kind: Type, path: str) -> Iterator[str]:
    bared, _ = bare(kind)
    if isinstance(bared, inspect.VarTupleType):
        yield from _paths(bared.item_type, f"{path}[]")
    if isinstance(bared, inspect.StructType):
        for field in bared.fields:
            inner = f"{path}.{field.encode_name}"
            yield inner
            yield from _paths(field.type, inner)


def _fields(value: dict[str, Any], kind: inspect.StructType, path: Path) -> Iterator[Refusal]:
    fields = {field.encode_name: field for field in kind.fields}
    foreign = _OF_KUBERNETES if kind.cls is Metadata else frozenset()
    for key, one in value.items():
        if field := fields.get(key):
            yield from wrong(one, field.type, (*path, key))
        elif key not in foreign:
            reason = f"{dotted(path)} has no {_short(key)}"
            yield Refusal((*path, key), reason, nearest(key, fields), of_key=True)
    for name, field in fields.items():
        if field.required and name not in value:
            way_out = f"{dotted((*path, name))}: {expected(field.type)}"
            yield Refusal(path, f"{dotted(path)} lacks {name}", way_out)


def _key(key: str, kind: Type, path: Path) -> Iterator[Refusal]:
    bared, _ = bare(kind)
    if not _fits(key, bared):
        reason = f"{_short(key)} cannot be a key of {dotted(path[:-1])}"
        yield Refusal(path, reason, f"keys are {expected(kind)}", of_key=True)


def _length(
    value: Collection[Any], kind: inspect.VarTupleType | inspect.DictType, path: Path
) -> Iterator[Refusal]:
    if kind.max_length is not None and len(value) > kind.max_length:
        yield Refusal(
            path, f"{dotted(path)} has {len(value)} entries", f"at most {kind.max_length}"
        )
    if len(value) < (kind.min_length or 0):
        yield Refusal(path, f"{dotted(path)} has no entries", f"at least {kind.min_length}")


def _fits(value: Any, kind: Type) -> bool:
    match kind:
        case inspect.LiteralType():
            return not isinstance(value, bool) and value in kind.values
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool) and _between(value, kind)
        case inspect.StrType():
            return isinstance(value, str) and _text(value, kind)
    return False


def _between(value: int, kind: inspect.IntType) -> bool:
    return (kind.ge is None or value >= kind.ge) and (kind.le is None or value <= kind.le)


def _text(value: str, kind: inspect.StrType) -> bool:
    long = kind.max_length is not None and len(value) > kind.max_length
    if long or len(value) < (kind.min_length or 0):
        return False
    return kind.pattern is None or bool(re.search(kind.pattern, value))


def _refused(value: Any, kind: Type, path: Path) -> Refusal:
    bared, _ = bare(kind)
    if isinstance(value, bool | int | float) and _fits(_as_text(value), bared):
        # A number may be a password, so it is not repeated.
        word = "true or false" if isinstance(value, bool) else "a number"
        return Refusal(path, f"{dotted(path)} is {word}, not text", "write it in quotes")
    if isinstance(bared, inspect.StrType) and isinstance(value, str) and bared.pattern is None:
        # Free text may be a secret, too.
        return Refusal(path, f"{dotted(path)} has {len(value)} characters", expected(kind))
    if isinstance(bared, inspect.IntType) and isinstance(value, str) and value.isdecimal():
        return Refusal(
            path, f"{dotted(path)} is text", f"write {_short(value)[1:-1]} without quotes"
        )
    way_out = f"it takes {expected(kind)}"
    if isinstance(bared, inspect.LiteralType) and isinstance(value, str):
        near = difflib.get_close_matches(value, map(str, bared.values), n=1)
        way_out += f"; did you mean {near[0]}?" if near else ""
    return Refusal(path, f"{dotted(path)} is {_written(value)}", way_out)


def _as_text(value: bool | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _written(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case str():
            return _short(value)
    return str(value)[:40]


def _short(word: str) -> str:
    return msgspec.json.encode(word if len(word) <= 60 else word[:60] + "...").decode()
