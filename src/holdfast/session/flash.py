"""Flash data: attributes that live until the end of the next request.

``_flash`` holds two lists of dotted keys: ``new`` was flashed in this request, ``old`` in the one
before; each save drops the old ones and makes the new ones old (Illuminate/Session/Store.php, 8.83
to 13). The order of the two lists is Laravel's, and so are the gaps that PHP's ``array_unique`` and
``array_diff`` leave in their numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from holdfast.laravel.php import Key, Value
from holdfast.session.dots import Array, as_array, read, remove, write

_OLD = "_flash.old"
_NEW = "_flash.new"

Names = dict[Key, Value]


def age(array: Array) -> None:
    """``ageFlashData``: drop what is old; what is new is old from now on."""
    remove(array, [_text(name) for name in _names(array, _OLD).values()])
    write(array, _OLD, _names(array, _NEW))
    write(array, _NEW, {})


def flash(array: Array, key: str, value: Value) -> None:
    """Put a value that the next request still sees."""
    write(array, key, value)
    write(array, _NEW, pushed(_names(array, _NEW), key))
    _no_longer_old(array, [key])


def now(array: Array, key: str, value: Value) -> None:
    """Put a value that this request alone sees."""
    write(array, key, value)
    write(array, _OLD, pushed(_names(array, _OLD), key))


def reflash(array: Array) -> None:
    """Keep everything that was flashed in the request before for one more."""
    _merge(array, _names(array, _OLD).values())
    write(array, _OLD, {})


def keep(array: Array, keys: Iterable[str]) -> None:
    """Keep some of what was flashed in the request before for one more."""
    kept = list(keys)
    _merge(array, kept)
    _no_longer_old(array, kept)


def nothing_but_flash(array: Array) -> bool:
    """Whether nothing is in there but the two empty lists that every save leaves."""
    return not (array.keys() - {"_flash"}) and not _names(array, _OLD) and not _names(array, _NEW)


def pushed(array: dict[Key, Value], value: Value) -> dict[Key, Value]:
    """PHP's ``$array[] = $value``, on a copy: one more than the largest number, at least 0."""
    numbers = (key for key in array if isinstance(key, int))
    return {**array, max(numbers, default=-1) + 1 if array else 0: value}


def _merge(array: Array, names: Iterable[Value]) -> None:
    merged = [*_names(array, _NEW).values(), *names]
    unique: Names = {}
    seen: set[str] = set()
    for number, name in enumerate(merged):
        if _text(name) not in seen:
            seen.add(_text(name))
            unique[number] = name
    write(array, _NEW, unique)


def _no_longer_old(array: Array, names: Iterable[str]) -> None:
    gone = set(names)
    old = {key: name for key, name in _names(array, _OLD).items() if _text(name) not in gone}
    write(array, _OLD, old)


def _names(array: Array, which: str) -> Names:
    # Whatever else stands there was not put there by Laravel; its keys are none.
    return dict(as_array(read(array, which)) or {})


def _text(name: Any) -> str:
    return name.decode(errors="surrogateescape") if isinstance(name, bytes) else str(name)
