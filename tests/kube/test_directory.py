"""A rendering in a directory: only what is ours is touched, and what was edited is seen."""

from __future__ import annotations

import stat

import pytest

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


def test_modes(tmp_path):
    files = {"a.yaml": "---\nkind: Secret\n", "b.yaml": "---\nkind: ConfigMap\n"}
    write(tmp_path, plan(tmp_path, "shop", files).changes)
    assert stat.S_IMODE((tmp_path / "a.yaml").stat().st_mode) == 0o600
    (tmp_path / "b.yaml").chmod(0o640)
    files["b.yaml"] += "x: 1\n"
    write(tmp_path, plan(tmp_path, "shop", files).changes)
    assert stat.S_IMODE((tmp_path / "b.yaml").stat().st_mode) == 0o640


def test_nothing_half_written_is_left(there):
    (there / "10-config.yaml").unlink()
    (there / "10-config.yaml").mkdir()
    changes = plan(there, "shop", {**ONE, "10-config.yaml": "---\na: 2\n"}).changes
    with pytest.raises(OSError, match=r"10-config\.yaml"):
        write(there, changes)
    assert not list(there.glob(".*"))


def test_what_is_no_longer_wanted_goes_last(there):
    (there / "z.yaml").mkdir()
    found = plan(there, "shop", {"z.yaml": "---\n"})
    with pytest.raises(OSError, match=r"z\.yaml"):
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


SECRETS = {
    "ours": "stringData:\n  APP_KEY: hidden\n  PEM: |\n    hidden\n\n    x: hidden\n  Y: hidden\n",
    "another's": "data:\n    APP_KEY: hidden\n    PEM: >-\n        hidden\n    Y: hidden\n",
}


@pytest.mark.parametrize("values", SECRETS.values(), ids=SECRETS)
def test_values_of_secrets_are_not_shown(tmp_path, values):
    secret = f"---\nkind: Secret\nmetadata:\n  name: env\n{values}type: Opaque\n"
    other = "---\ndata:\n  A: shown\nkind: ConfigMap\n"
    (change,) = plan(tmp_path, "shop", {"a.yaml": other + secret + other}).changes
    lines = [line[1:].strip() for line in difference(change, "m")]
    assert "hidden" not in "".join(lines)
    assert lines[lines.index("name: env") + 2 :][:4] == [
        "APP_KEY: ***",
        "PEM: ***",
        "Y: ***",
        "type: Opaque",
    ]
    assert lines.count("A: shown") == 2


def test_a_secret_in_one_line(tmp_path):
    (tmp_path / "a.yaml").write_text("kind: Secret\ndata: {APP_KEY: hidden}\n")
    (change,) = plan(tmp_path, "shop", {"a.yaml": "---\n"}).changes
    assert "hidden" not in "".join(difference(change, "m"))


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
