"""Laravel's dotted keys: ``cart.items`` is the member ``items`` of the array ``cart``.

The rules of Illuminate/Support/Arr.php (8.83 to 13): reading prefers a top-level key that has the
dots in its name, writing never makes one, an array is looked into and nothing else is (Laravel also
reads through objects with ``ArrayAccess``; here an object has no members). PHP's arrays are
dictionaries; a list or tuple that Python code has put stands for an array too.
"""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping
from typing import Any, TypeAlias

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Key, Opaque, Value
from holdfast.laravel.php.values import normal_key

Array: TypeAlias = MutableMapping[Key, Value]


def read(array: Array, key: str, default: Any = None) -> Any:
    """``Arr::get``: the value at a dotted key, ``default`` where there is none."""
    name = normal_key(key)
    if name in array:
        return array[name]
    at: Array = array
    *path, last = key.split(".")
    for part in path:
        members = as_array(at.get(normal_key(part)))
        if members is None:
            return default
        at = members
    return at.get(normal_key(last), default)


def write(array: Array, key: str, value: Value) -> None:
    """``Arr::set``: whatever stands on the way and is no array gives way to one.

    Raises:
        FormatError: on the way is an array with references, see :func:`remove`.
    """
    *path, last = key.split(".")
    at = array
    for part in path:
        name = normal_key(part)
        inner = _array_in(at, name)
        if inner is None:
            at[name] = inner = {}
        at = inner
    at[normal_key(last)] = value


def remove(array: Array, keys: Iterable[str]) -> None:
    """``Arr::forget``, in the order of the keys.

    Laravel looks for a key with its dots first in the array where the key before it ended, which is
    the top level for the first key alone; only then from the top. Kept, because flashed keys are
    dropped with one call and both sides must drop the same ones.

    Raises:
        FormatError: on the way is an array that holds PHP references. Its members are not to be
            changed one by one; it can be replaced as a whole.
    """
    at = array
    for key in keys:
        if normal_key(key) in at:
            del at[normal_key(key)]
            continue
        *path, last = key.split(".")
        at = array
        for part in path:
            inner = _array_in(at, normal_key(part))
            if inner is None:
                break
            at = inner
        else:
            at.pop(normal_key(last), None)


def as_array(value: Any) -> dict[Key, Value] | None:
    """A value as a PHP array with PHP's keys; None: it is none.

    A dictionary is itself where its keys are PHP's, so that it may be written to; lists and all
    others are copied.
    """
    if isinstance(value, dict):
        normal = {normal_key(key): member for key, member in value.items()}
        return value if list(normal) == list(value) else normal
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    if isinstance(value, Opaque) and value.kind == "array":
        return value.properties()
    return None


def _array_in(array: Array, key: Key) -> Array | None:
    """The array at a key, as a dictionary that can be written; None: there is none."""
    value = array.get(key)
    if isinstance(value, Opaque) and value.kind == "array":
        raise FormatError(
            "an array with references cannot be changed by a dotted key",
            expected="plain data",
            hint="read it, and put a new array in its place",
        )
    if not isinstance(value, dict | list | tuple):
        return None
    members = as_array(value)
    if members is not value:
        array[key] = members
    return members
