"""A rendering in a directory: only what is ours is touched, and what was edited is seen."""

from __future__ import annotations

import os
import stat
from dataclasses import replace

import pytest

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.kube.directory import difference, plan, write

ONE = {"10-config.yaml": "---\na: 1\n", "base/web.yaml": "---\nb: 1\n"}


@pytest.fixture
def there(tmp_path):
    write(tmp_path, plan(tmp_path, "shop", ONE).changes)
    return tmp_path


def texts(directory):
    return {
        path.relative_to(directory).as_posix(): path.read_text().partition("\n")[2]
        for path in directory.rglob("*")
        if path.is_file()
    }


def test_a_new_directory(tmp_path):
    target = tmp_path / "new"
    found = plan(target, "shop", ONE)
    assert [(change.path, change.before) for change in found.changes] == [
        ("10-config.yaml", None),
        ("base/web.yaml", None),
    ]
    write(target, found.changes)
    assert texts(target) == ONE
    first = (target / "10-config.yaml").read_text().splitlines()[0]
    assert first.startswith("# Rendered by holdfast for shop; changes are overwritten. ")


def test_the_same_again_is_no_change(there):
    assert plan(there, "shop", ONE).changes == ()


def test_other_line_ends_are_no_change(there):
    file = there / "10-config.yaml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert plan(there, "shop", ONE).changes == ()


def test_what_is_other_now_and_what_is_no_longer(there):
    found = plan(there, "shop", {"10-config.yaml": "---\na: 2\n"})
    assert (found.edited, found.foreign) == ((), ())
    write(there, found.changes)
    assert texts(there) == {"10-config.yaml": "---\na: 2\n"}


@pytest.mark.parametrize("body", [{"10-config.yaml": "---\na: 2\n"}, {}])
def test_what_somebody_edited(there, body):
    file = there / "10-config.yaml"
    file.write_text(file.read_text().replace("a: 1", "a: 3"))
    assert plan(there, "shop", body | {"base/web.yaml": ONE["base/web.yaml"]}).edited == (
        "10-config.yaml",
    )


def test_what_is_not_ours(there):
    (there / "10-config.yaml").write_text("a: 1\n")
    (there / "mine.yaml").write_text("a: 1\n")
    found = plan(there, "shop", {"10-config.yaml": ONE["10-config.yaml"]})
    assert (found.edited, found.foreign) == ((), ("10-config.yaml",))
    write(there, found.changes)
    assert set(texts(there)) == {"10-config.yaml", "mine.yaml"}


def test_what_is_another_applications(there):
    found = plan(there, "blog", {"10-config.yaml": "---\na: 1\n", "20-web.yaml": "---\n"})
    assert found.foreign == ("10-config.yaml",)
    assert [change.path for change in found.changes] == ["10-config.yaml", "20-web.yaml"]


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_rights(tmp_path):
    files = {"a.yaml": "---\nkind: Secret\n", "b.yaml": "---\nkind: ConfigMap\n"}
    write(tmp_path, plan(tmp_path, "shop", files).changes)
    assert mode(tmp_path / "a.yaml") == 0o600
    (tmp_path / "a.yaml").chmod(0o644)
    (tmp_path / "b.yaml").chmod(0o640)
    changed = {path: f"{text}x: 1\n" for path, text in files.items()}
    write(tmp_path, plan(tmp_path, "shop", changed).changes)
    assert mode(tmp_path / "a.yaml") == 0o600
    assert mode(tmp_path / "b.yaml") == 0o640


def test_a_link_to_a_directory_is_not_followed(there, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    (other / "web.yaml").write_text("mine: 1\n")
    (there / "base/web.yaml").unlink()
    (there / "base").rmdir()
    (there / "base").symlink_to(other)
    with pytest.raises(UsageError, match=r"base is a link, where base/web\.yaml is to be"):
        plan(there, "shop", ONE)
    assert (other / "web.yaml").read_text() == "mine: 1\n"


def test_a_link_that_comes_meanwhile_is_not_followed(there, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    found = plan(there, "shop", {**ONE, "overlays/new.yaml": "---\n"})
    (there / "overlays").symlink_to(other)
    with pytest.raises(UsageError, match="overlays is a link"):
        write(there, found.changes)
    assert not list(other.iterdir())


@pytest.mark.parametrize("wanted", ["there", "not there"])
def test_a_link_to_a_file_is_not_followed(there, tmp_path_factory, wanted):
    target = tmp_path_factory.mktemp("other") / "mine.yaml"
    if wanted == "there":
        target.write_text((there / "10-config.yaml").read_text())
    (there / "10-config.yaml").unlink()
    (there / "10-config.yaml").symlink_to(target)
    with pytest.raises(UsageError, match=r"10-config\.yaml is a link"):
        plan(there, "shop", ONE)


def test_what_is_linked_is_not_removed(there, tmp_path_factory):
    other = tmp_path_factory.mktemp("other")
    write(other, plan(other, "shop", ONE).changes)
    (there / "components").symlink_to(other)
    (there / "old.yaml").symlink_to(other / "10-config.yaml")
    assert plan(there, "shop", ONE).changes == ()


@pytest.mark.parametrize("path", ["10-config.yaml", "base"])
def test_what_is_in_the_way(tmp_path, path):
    os.mkfifo(tmp_path / path)
    with pytest.raises(UsageError, match=f"{path} is in the way"):
        plan(tmp_path, "shop", ONE)


def test_a_rendering_in_a_directory_below_is_another_one(there):
    below = there / "staging"
    write(below, plan(below, "shop", ONE).changes)
    assert plan(there, "shop", ONE).changes == ()


def test_nothing_half_written_is_left(there):
    (change,) = plan(there, "shop", {**ONE, "10-config.yaml": "---\na: 2\n"}).changes
    with pytest.raises(UnicodeEncodeError):
        write(there, [replace(change, after="\ud800")])
    assert texts(there) == ONE


def test_what_is_changed_meanwhile_is_left(there):
    changes = plan(there, "shop", {"10-config.yaml": "---\na: 2\n"}).changes
    (there / "base/web.yaml").write_text("mine: 1\n")
    with pytest.raises(EnvironmentLacking, match=r"base/web\.yaml was changed meanwhile"):
        write(there, changes)
    assert (there / "base/web.yaml").read_text() == "mine: 1\n"


def test_what_is_no_longer_wanted_goes_last(there):
    found = plan(there, "shop", {"z.yaml": "---\n"})
    (there / "z.yaml").mkdir()
    with pytest.raises(UsageError, match=r"z\.yaml is in the way"):
        write(there, found.changes)
    assert texts(there) == ONE


def test_the_difference(there):
    found = plan(there, "shop", {"base/web.yaml": "---\nb: 2\n", "new.yaml": "---\nc: 1\n"})
    lines = [line for change in found.changes for line in difference(change, "manifests")]
    assert [line for line in lines if not line.startswith(("@@", " ", "-#", "+#"))] == [
        "--- manifests/10-config.yaml",
        "+++ /dev/null",
        "----",
        "-a: 1",
        "--- manifests/base/web.yaml",
        "+++ manifests/base/web.yaml",
        "-b: 1",
        "+b: 2",
        "--- /dev/null",
        "+++ manifests/new.yaml",
        "+---",
        "+c: 1",
    ]


def test_other_values_of_a_secret_are_a_difference(there):
    secret = "---\nkind: Secret\ndata:\n  A: {}\n"
    write(there, plan(there, "shop", {"s.yaml": secret.format("hidden")}).changes)
    file = there / "s.yaml"
    file.write_text(file.read_text().replace("hidden", "hidden too"))
    (change,) = plan(there, "shop", {"s.yaml": secret.format("hidden")}).changes
    assert list(difference(change, "m")) == [
        "--- m/s.yaml",
        "+++ m/s.yaml",
        "@@ in what is not shown alone @@",
    ]


def test_another_environments_files_are_foreign_and_go_with_force(tmp_path):
    write(tmp_path, plan(tmp_path, "shop in production", ONE).changes)
    found = plan(tmp_path, "shop in staging", {"10-config.yaml": "---\na: 2\n"})
    assert found.foreign == ("10-config.yaml", "base/web.yaml")
    write(tmp_path, found.changes)
    assert texts(tmp_path) == {"10-config.yaml": "---\na: 2\n"}
    first = (tmp_path / "10-config.yaml").read_text().splitlines()[0]
    assert first.startswith("# Rendered by holdfast for shop in staging; ")


def test_strangers(there):
    for name in ("foo.yaml", "bar.json", "notes.txt", "z.yml"):
        (there / name).write_text("")
    assert plan(there, "shop", ONE).strangers == ("bar.json", "foo.yaml", "z.yml")
    assert plan(there / "new", "shop", ONE).strangers == ()
