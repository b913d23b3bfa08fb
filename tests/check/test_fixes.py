"""Edits are put together, or refused; a file is changed as a whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.check.finding import Edit, Finding
from holdfast.check.fixes import Change, below, mending, write
from holdfast.check.reports.diff import diff
from holdfast.check.rule import Found
from holdfast.check.rules import hf001_unreadable
from holdfast.core.errors import EnvironmentLacking
from holdfast.manifests.place import Place

FILES = {"a": b"0123456789", "b": b"APP_KEY=abc\ndriver: file\n"}


def found(*edits):
    return Found(hf001_unreadable.RULE, Finding(Place("a", 1), "m", edits=edits))


def after(*some):
    done = mending(some, FILES, Path)
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
    done = mending([found(edit) for edit in edits], FILES, Path)
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


def test_what_is_outside_is_not_changed_however_it_is_linked(tmp_path):
    for name in ("inside", "outside"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a").write_bytes(FILES["a"])
    (tmp_path / "inside/link").symlink_to(tmp_path / "outside/a")
    names = ("inside/a", "inside/link", "outside/a", "-")
    some = [found(Edit(name, 0, 1, b"x")) for name in names]
    files = dict.fromkeys(names, FILES["a"])
    done = mending(some, files, below(tmp_path, [tmp_path / "inside"]))
    assert [change.file for change in done.changes] == ["inside/a"]
    assert done.outside == tuple(some[1:])


def test_two_names_of_one_file_are_one_change(tmp_path):
    (tmp_path / "a").write_bytes(FILES["a"])
    (tmp_path / "b").symlink_to("a")
    some = [found(Edit("a", 0, 1, b"x")), found(Edit("b", 0, 1, b"x"), Edit("b", 3, 4, b"y"))]
    done = mending(some, dict.fromkeys("ab", FILES["a"]), below(tmp_path, [tmp_path]))
    assert done.changes == (Change("a", FILES["a"], b"x12y456789"),)


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
