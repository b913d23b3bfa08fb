"""Edits are put together, or refused; a file is changed as a whole, or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.finding import Edit, Finding
from holdfast.check.fixes import Change, mending, write
from holdfast.check.place import Place
from holdfast.check.reports.diff import diff
from holdfast.check.rule import Found
from holdfast.check.rules import hf001_unreadable
from holdfast.core.errors import EnvironmentLacking

FILES = {"a": b"0123456789", "b": b"APP_KEY=abc\ndriver: file\n"}


def found(*edits):
    return Found(hf001_unreadable.RULE, Finding(Place("a", 1), "m", edits=edits))


def after(*some):
    done = mending(some, FILES)
    return {change.file: change.after for change in done.changes}, done


def test_edits_of_several_findings_and_files():
    one = found(Edit("a", 8, 9, b"EIGHT"), Edit("b", 20, 24, b"redis"))
    other = found(Edit("a", 1, 3, b""), Edit("a", 9, 9, b"+"))
    changed, done = after(one, other)
    assert changed == {"a": b"034567EIGHT+9", "b": b"APP_KEY=abc\ndriver: redis\n"}
    assert done.mended == (one, other)


@pytest.mark.parametrize(
    "second",
    [
        (Edit("a", 3, 5, b"x"),),
        (Edit("a", 2, 3, b"x"),),
        (Edit("a", 2, 2, b"x"),),
        (Edit("b", 0, 1, b"x"), Edit("a", 0, 10, b"")),
        (Edit("a", 5, 11, b""),),
        (Edit("a", 6, 5, b""),),
        (Edit("-", 0, 0, b"x"),),
        (Edit("c", 0, 1, b"x"),),
    ],
)
def test_what_does_not_fit_is_left_as_a_whole(second):
    one, other = found(Edit("a", 2, 4, b"x")), found(*second)
    changed, done = after(one, other)
    assert changed == {"a": b"01x456789"}
    assert done.left == (other,)


def test_the_same_edit_twice_is_one():
    edit = Edit("a", 2, 4, b"x")
    changed, done = after(found(edit), found(edit, Edit("a", 6, 6, b"y")))
    assert changed == {"a": b"01x45y6789"}
    assert len(done.mended) == 2


def test_what_changes_nothing_is_no_change():
    assert after(found(Edit("a", 2, 3, b"2")))[0] == {}


@given(st.lists(st.tuples(st.integers(0, 10), st.integers(0, 10), st.binary(max_size=3))))
def test_bytes_outside_edits_are_kept(triples):
    edits = [Edit("a", min(s, e), max(s, e), text) for s, e, text in triples]
    done = mending([found(edit) for edit in edits], FILES)
    taken = sorted({e for one in done.mended for e in one.finding.edits}, key=lambda e: e.start)
    expected, at = b"", 0
    for edit in taken:
        assert at <= edit.start
        expected += FILES["a"][at : edit.start] + edit.text
        at = edit.end
    expected += FILES["a"][at:]
    assert [change.after for change in done.changes] == ([expected] * (expected != FILES["a"]))


def test_a_file_is_replaced_and_keeps_its_rights(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    (tmp_path / "link").symlink_to(path)
    write(Change("link", b"old", b"new"), tmp_path)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link").is_symlink()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "link"]


def test_a_file_that_was_changed_meanwhile_is_left(tmp_path):
    (tmp_path / "a").write_bytes(b"other")
    with pytest.raises(EnvironmentLacking, match="changed meanwhile"):
        write(Change("a", b"old", b"new"), tmp_path)
    assert (tmp_path / "a").read_bytes() == b"other"


def test_a_file_that_is_gone(tmp_path):
    with pytest.raises(EnvironmentLacking, match="cannot write a"):
        write(Change("a", b"old", b"new"), tmp_path)


def test_a_diff_shows_the_change_and_no_secret():
    before = FILES["b"]
    lines = list(diff(Change("b", before, before.replace(b"file", b"redis"))))
    assert lines == [
        "--- a/b",
        "+++ b/b",
        "@@ -1,2 +1,2 @@",
        " APP_KEY=***",
        "-driver: file",
        "+driver: redis",
    ]
