"""PHP's nesting of 4,096 fits into a small thread, and one more is refused."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from holdfast.core.errors import FormatError
from holdfast.laravel.php import Opaque, SessionArray, dumps, loads

DEPTH = 4096


def _nested(depth: int) -> bytes:
    return b"a:1:{i:0;" * depth + b"i:1;" + b"}" * depth


@pytest.fixture
def in_a_small_thread() -> Callable[[Callable[[], None]], None]:
    def run(work: Callable[[], None]) -> None:
        before = threading.stack_size(128 * 1024)
        try:
            with ThreadPoolExecutor(1) as pool:
                pool.submit(work).result()
        finally:
            threading.stack_size(before)

    return run


def test_the_deepest_that_php_reads(in_a_small_thread):
    raw = _nested(DEPTH)

    def work() -> None:
        value = loads(raw)
        assert dumps(value) == raw
        depth = 0
        while isinstance(value, dict):
            value = value[0]
            depth += 1
        assert (depth, value) == (DEPTH, 1)
        array = SessionArray.loads(raw)
        inner = array[0]
        assert array.dumps() is raw
        inner["new"] = 1
        assert array.changed()
        assert loads(array.dumps())[0]["new"] == 1
        del inner, array

    in_a_small_thread(work)


def test_the_deepest_objects_and_references(in_a_small_thread):
    objects = b'O:1:"A":1:{s:1:"a";' * (DEPTH - 1) + b"r:2;" + b"}" * (DEPTH - 1)

    def work() -> None:
        raw = b"a:1:{i:0;" + objects + b"}"
        array = SessionArray.loads(raw)
        array["new"] = 1
        written = array.dumps()
        assert written == b"a:2:{i:0;" + objects + b's:3:"new";i:1;}'
        assert isinstance(loads(raw), Opaque)

    in_a_small_thread(work)


def test_one_deeper_is_refused(in_a_small_thread):
    def work() -> None:
        for read in (loads, SessionArray.loads):
            with pytest.raises(FormatError):
                read(_nested(DEPTH + 1))
        value: object = 1
        for _ in range(DEPTH):
            value = [value]
        dumps(value)
        with pytest.raises(FormatError):
            dumps([value])
        array = SessionArray()
        array["a"] = value
        with pytest.raises(FormatError):
            array.dumps()
        del array, value

    in_a_small_thread(work)
