"""A wait that has several parts."""

from __future__ import annotations

from holdfast.core.clock import Deadline


def test_each_part_gets_what_is_left():
    instants = iter([100.0, 100.0, 103.5, 105.0, 900.0])
    deadline = Deadline.after(5, lambda: next(instants))
    assert [deadline.left for _ in range(4)] == [5.0, 1.5, 0.0, 0.0]
