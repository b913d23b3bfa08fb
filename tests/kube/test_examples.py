"""The examples: what is rendered of each is current, valid, and nothing that `check` objects to."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from holdfast.check.audit import Request, audit
from holdfast.kube.directory import plan
from holdfast.kube.files import files
from holdfast.kube.kustomize import kustomized
from holdfast.kube.read import read
from holdfast.kube.render import render
from tests.kube import schemas

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/app.yaml"))
REGENERATE = "scripts/render-examples writes it anew"

each = pytest.mark.parametrize("file", EXAMPLES, ids=lambda file: file.parent.name)
kustomizations = pytest.mark.parametrize(
    "file",
    [file for file in EXAMPLES if (file.parent / "kustomize").exists()],
    ids=lambda file: file.parent.name,
)


def application(file, environment=None):
    return read(file.read_bytes(), file.name, environment=environment)


def objects(file, environment=None):
    return [one for some in render(application(file, environment)).objects.values() for one in some]


def environments(file):
    return application(file).spec.environments


def test_there_are_enough():
    assert len(EXAMPLES) >= 8


@each
def test_what_is_there_is_current(file):
    app = application(file)
    assert plan(file.parent / "rendered", app.name, files(render(app))).changes == (), REGENERATE


@kustomizations
def test_the_kustomization_is_current(file):
    app = application(file)
    made = kustomized(app, {name: application(file, name) for name in environments(file)})
    assert plan(file.parent / "kustomize", app.name, made).changes == (), REGENERATE


@each
def test_an_api_server_takes_it(file):
    for environment in (None, *environments(file)):
        app = application(file, environment)
        assert schemas.all_problems(objects(file, environment), app) == []


@each
@pytest.mark.parametrize("form", ["rendered", "kustomize"])
def test_check_finds_nothing(file, form):
    directory = file.parent / form
    if form == "kustomize" and not directory.exists():
        return
    assert found_in(directory) == []


def test_check_finds_nothing_in_all_together():
    assert found_in(ROOT / "examples") == []


def found_in(directory):
    result = audit(Request([directory], ROOT))
    assert result.judged.manifests
    return [
        f"{one.rule.id} {one.finding.place}: {one.finding.message}"
        for one in result.found
        if not one.finding.unknown
    ]


@each
def test_it_says_what_it_is(file):
    assert re.match(r"# [A-Z]", file.read_text())
    assert f"examples/{file.parent.name}/" in (ROOT / "docs" / "render.md").read_text()
