"""What an error tells, and where."""

from __future__ import annotations

import traceback

from holdfast.core.errors import StoreMisconfigured, UsageError


def test_a_traceback_shows_the_hint():
    error = StoreMisconfigured("no table sessions", hint="make it with create_table()")
    shown = "".join(traceback.format_exception(error))
    assert "no table sessions\nhint: make it with create_table()" in shown


def test_a_log_line_has_the_hint_where_there_is_one():
    assert UsageError("two of them", hint="leave one out").in_full == (
        "two of them (hint: leave one out)"
    )
    bare = UsageError("two of them")
    assert bare.in_full == str(bare) == "two of them"
    assert not hasattr(bare, "__notes__")


def test_most_errors_are_one_line():
    assert UsageError("two of them", hint="leave one out").lines == [
        ("two of them", "leave one out")
    ]
