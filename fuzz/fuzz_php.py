"""PHP-serialized bytes: only FormatError comes out, and what is read is written back.

    python fuzz/fuzz_php.py -max_total_time=600

Starts from the golden vectors of the tests.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["holdfast.laravel.php"]):
    from holdfast.core.errors import FormatError
    from holdfast.laravel.php import Opaque, SessionArray, Value, dumps, loads

VECTORS = Path(__file__).parents[1] / "tests" / "vectors" / "php-serialize-laravel8" / "raw"


def look_inside(value: Value) -> None:
    """Ask everything that can be asked of an opaque value."""
    if not isinstance(value, Opaque):
        return
    repr(value)
    assert Opaque(value.raw) == value
    if value.kind in {"object", "array"}:
        value.properties()
    elif value.kind in {"int", "string"}:
        assert isinstance(value.value, int | str | bytes)


def edit(array: SessionArray) -> None:
    """An edit either cannot be expressed, or leaves an array that says the same."""
    keys = list(array)
    array["an edit"] = {"a": [1]}
    if keys:
        del array[keys[0]]
    try:
        written = array.dumps()
    except FormatError:
        return
    again = SessionArray.loads(written)
    assert list(again) == list(array)
    assert again.dumps() == written
    assert again.raw("an edit") == array.raw("an edit")


def one_input(data: bytes) -> None:
    """What libFuzzer calls."""
    refused: FormatError | None = None
    try:
        value = loads(data)
    except FormatError as error:
        refused = error
    if refused:
        assert 0 <= refused.offset <= len(data)
    else:
        written = dumps(value)
        assert dumps(loads(written)) == written
        look_inside(value)
    try:
        array = SessionArray.loads(data)
    except FormatError:
        assert refused or data[:1] != b"a"
        return
    assert not refused
    for each in array.values():
        look_inside(each)
    assert not array.changed()
    assert array.dumps() is data
    edit(array)


def main() -> None:
    """Start libFuzzer with its own arguments and our seeds."""
    seeds = [str(path) for path in sorted(VECTORS.iterdir()) if path.stat().st_size <= 4096]
    atheris.Setup([*sys.argv, "-seed_inputs=" + ",".join(seeds)], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
