"""A file is written as a whole, with its rights from the start, and not through a link."""

from __future__ import annotations

import os
import stat

import pytest

from holdfast.core.whole_file import write_whole


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def umask():
    before = os.umask(0o027)
    yield
    os.umask(before)


@pytest.mark.parametrize(("private", "rights"), [(False, 0o640), (True, 0o600)])
def test_a_new_file(tmp_path, umask, private, rights):
    file = tmp_path / "a"
    write_whole(file, b"new", private=private)
    assert (file.read_bytes(), mode(file)) == (b"new", rights)


@pytest.mark.parametrize(("private", "rights"), [(False, 0o646), (True, 0o600)])
def test_a_file_that_is_there(tmp_path, umask, private, rights):
    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(0o646)
    write_whole(file, b"new", private=private)
    assert (file.read_bytes(), mode(file)) == (b"new", rights)


@pytest.mark.parametrize("private", [False, True])
def test_the_content_is_never_there_with_more_rights(tmp_path, umask, monkeypatch, private):
    """Not between its creation and the end either: these are the rights it is created with."""
    created = []
    opened = os.open

    def recorded(path, flags, mode=0o777, **words):
        created.append((path.name, flags & os.O_EXCL != 0, mode))
        return opened(path, flags, mode, **words)

    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(0o600)
    monkeypatch.setattr(os, "open", recorded)
    write_whole(file, b"new", private=private)
    ((name, exclusive, rights),) = created
    assert name.startswith(".a.")
    assert exclusive
    assert rights == 0o600


def test_names_differ(tmp_path, monkeypatch):
    names = set()
    opened = os.open

    def recorded(path, *words):
        names.add(path.name)
        return opened(path, *words)

    monkeypatch.setattr(os, "open", recorded)
    for _ in range(3):
        write_whole(tmp_path / "a", b"")
    assert len(names) == 3


def test_a_link_is_replaced(tmp_path):
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "a").symlink_to("mine")
    write_whole(tmp_path / "a", b"new")
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert (tmp_path / "a").read_bytes() == b"new"
    assert not (tmp_path / "a").is_symlink()


def test_a_failure_leaves_all_as_it_was(tmp_path):
    (tmp_path / "a").mkdir()
    with pytest.raises(IsADirectoryError):
        write_whole(tmp_path / "a", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
