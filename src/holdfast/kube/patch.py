"""What one object differs from another by, as a JSON patch (RFC 6902: add, remove, replace)."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any

import msgspec

Operation = dict[str, Any]
_ABSENT = object()


def difference(before: Any, after: Any) -> list[Operation]:
    """The operations that make the one the other; none where they are the same.

    Where naming each difference would be longer than the whole, the whole is replaced.

    Args:
        before: what JSON can say; an object of Kubernetes, so that the whole is never its root.
        after: of the same kind.
    """
    return list(_below(before, after, ""))


def applied(value: Any, operations: Sequence[Operation]) -> Any:
    """A value with the operations done to it; the value itself stays as it is.

    Raises:
        LookupError: an operation is for what is not there.
    """
    value = copy.deepcopy(value)
    for operation in operations:
        *above, last = map(_unescaped, operation["path"][1:].split("/"))
        inner = value
        for step in above:
            inner = inner[_index(inner, step)]
        place = _index(inner, last)
        if operation["op"] == "remove":
            del inner[place]
        elif operation["op"] == "add" and isinstance(inner, list):
            if not isinstance(place, int) or place > len(inner):
                raise IndexError(operation["path"])
            inner.insert(place, copy.deepcopy(operation["value"]))
        elif operation["op"] == "replace" and isinstance(inner, dict) and place not in inner:
            raise KeyError(operation["path"])
        else:
            inner[place] = copy.deepcopy(operation["value"])
    return value


def _below(before: Any, after: Any, path: str) -> Iterator[Operation]:
    if isinstance(before, dict) and isinstance(after, dict):
        each = list(_of_mappings(before, after, path))
    elif isinstance(before, list) and isinstance(after, list):
        each = list(_of_lists(before, after, path))
    elif type(before) is type(after) and before == after:
        return
    else:
        each = [{"op": "replace", "path": path, "value": after}]
    whole = {"op": "replace", "path": path, "value": after}
    yield from [whole] if path and _size(each) > _size([whole]) else each


def _of_mappings(before: Any, after: Any, path: str) -> Iterator[Operation]:
    for key in sorted({*before, *after}):
        here = f"{path}/{_escaped(key)}"
        if key not in after:
            yield {"op": "remove", "path": here}
        elif key not in before:
            yield {"op": "add", "path": here, "value": after[key]}
        else:
            yield from _below(before[key], after[key], here)


def _of_lists(before: Any, after: Any, path: str) -> Iterator[Operation]:
    """By position; more at the end is added there, what is too much is removed from the end on."""
    for index, (old, new) in enumerate(zip_longest(before, after, fillvalue=_ABSENT)):
        if old is _ABSENT:
            yield {"op": "add", "path": f"{path}/-", "value": new}
        elif new is not _ABSENT:
            yield from _below(old, new, f"{path}/{index}")
    for index in reversed(range(len(after), len(before))):
        yield {"op": "remove", "path": f"{path}/{index}"}


def _index(value: Any, step: str) -> str | int:
    if isinstance(value, dict):
        return step
    if not isinstance(value, list) or not (step == "-" or step.isdigit()):
        raise LookupError(step)
    return len(value) if step == "-" else int(step)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _unescaped(step: str) -> str:
    return step.replace("~1", "/").replace("~0", "~")


def _size(operations: list[Operation]) -> int:
    return len(msgspec.json.encode(operations))
