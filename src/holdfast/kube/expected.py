"""What a value may be, in words: for errors, and for the page of the specification."""

from __future__ import annotations

from typing import Any

from msgspec import inspect
from msgspec.inspect import Type


def bare(kind: Type) -> tuple[Type, dict[str, Any]]:
    """A type without the None beside it, and its annotations (``title``, ``description``)."""
    notes: dict[str, Any] = {}
    while isinstance(kind, inspect.Metadata | inspect.UnionType):
        if isinstance(kind, inspect.Metadata):
            notes = {**(kind.extra_json_schema or {}), **notes}
            kind = kind.type
        else:
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind, notes


def nullable(kind: Type) -> bool:
    """Whether null may stand for it."""
    if isinstance(kind, inspect.Metadata):
        return nullable(kind.type)
    if isinstance(kind, inspect.UnionType):
        return any(map(nullable, kind.types))
    return isinstance(kind, inspect.NoneType | inspect.AnyType)


def expected(kind: Type) -> str:
    """What it takes, e.g. ``a whole number from 1 to 1000``."""
    kind, notes = bare(kind)
    if title := notes.get("title"):
        return str(title)
    match kind:
        case inspect.LiteralType():
            return _either([str(value) for value in kind.values])
        case inspect.IntType():
            return "a whole number" + _between(kind.ge, kind.le)
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            return _text(kind)
        case inspect.VarTupleType():
            return "a list, each entry " + expected(kind.item_type)
        case inspect.DictType(value_type=inspect.StrType()):
            return f"a mapping of {expected(kind.key_type)} to {expected(kind.value_type)}"
        case inspect.StructType():
            return _mapping(kind)
    return "a mapping"


def _mapping(kind: inspect.StructType) -> str:
    needed = [field.encode_name for field in kind.fields if field.required]
    return f"a mapping with {_both(needed)}" if needed else "a mapping, at least {}"


def _text(kind: inspect.StrType) -> str:
    if kind.pattern is not None:
        return f"text that matches {kind.pattern}"
    return "text" if kind.max_length is None else f"text of up to {kind.max_length} characters"


def _either(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _both(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def _between(least: int | None, most: int | None) -> str:
    match least, most:
        case None, None:
            return ""
        case _, None:
            return f" of at least {least}"
        case None, _:
            return f" of at most {most}"
    return f" from {least} to {most}"
