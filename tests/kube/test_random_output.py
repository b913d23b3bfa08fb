"""Random applications: every form in which they are written says the same."""

from __future__ import annotations

from dataclasses import replace

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from holdfast.check.sources.files import Files
from holdfast.check.sources.kustomize.build import kustomizations
from holdfast.kube.emit import emit
from holdfast.kube.files import files
from holdfast.kube.kustomize import kustomized
from holdfast.kube.layer import by_identity
from holdfast.kube.needed import needed
from holdfast.kube.render import render
from holdfast.kube.session_path import session_path
from holdfast.manifests.yaml import Document, documents
from tests.kube.specs import valid_apps

SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]
random = settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=SLOW)


def every(app):
    return [one for some in render(app).objects.values() for one in some]


@random
@given(valid_apps())
def test_it_comes_back_as_it_was(app):
    objects = every(app)
    text = emit(objects)
    assert list(yaml.safe_load_all(text)) == objects
    assert [d.value for d in documents(text.encode(), "x") if isinstance(d, Document)] == objects
    assert "".join(files(render(app)).values()) == text


@random
@given(valid_apps())
def test_the_summary_can_be_made(app):
    objects = every(app)
    assert session_path(app, objects)[0].station == "cookie"
    assert "APP_KEY" in {*needed(app, objects).keys, *(app.secret or ())}


@settings(random, max_examples=20)
@given(valid_apps(), st.lists(valid_apps(), max_size=2))
def test_an_overlay_is_what_is_rendered(tmp_path_factory, app, others):
    directory = tmp_path_factory.mktemp("kustomize")
    environments = {
        f"env-{number}": replace(app, spec=other.spec, environment=f"env-{number}")
        for number, other in enumerate(others)
    }
    for path, text in kustomized(app, environments).items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(text)
    found = kustomizations(sorted(directory.rglob("kustomization.yaml")), Files(directory))
    built = {one.directory: one for one in found}
    for name, wanted in (environments or {"default": app}).items():
        overlay = built[f"overlays/{name}"]
        assert overlay.refused == ""
        assert by_identity(one.body for one in overlay.objects) == by_identity(every(wanted))
