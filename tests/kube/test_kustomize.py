"""An overlay builds what `render --env` writes, object for object."""

from __future__ import annotations

import msgspec
import pytest
import yaml

from holdfast.check.sources.files import Files
from holdfast.check.sources.kustomize.build import kustomizations
from holdfast.kube import kustomize
from holdfast.kube.kustomize import kustomized
from holdfast.kube.layer import between, by_identity, identity, over
from holdfast.kube.read import read
from holdfast.kube.render import render

IMAGE = "registry.example.com/shop:1.2.3"
WORKERS = [
    {"name": "mail", "queues": ["mail"], "max": 5, "scaleOn": {"jobs": 10}},
    {"name": "rest"},
]
EVERYTHING = {"monitoring": {}, "mesh": {"istio": {}}, "workers": WORKERS}
SPECS = {
    "smallest": {},
    "everything": EVERYTHING,
    "environments": EVERYTHING
    | {
        "environments": {
            "production": {"web": {"max": 20, "resources": {"cpu": "1"}}},
            "staging": {"host": "staging.example.com", "mesh": None, "web": {"min": 2}},
            "testing": {"monitoring": None, "workers": None, "config": {"FEATURE_X": "on"}},
        }
    },
    "namespaces": EVERYTHING
    | {
        "namespace": "shop",
        "environments": {"production": {}, "staging": {"namespace": "shop-staging", "mesh": None}},
    },
    "parts of one environment alone": {
        "workers": [{"name": "mail"}],
        "environments": {
            "production": {"mesh": {"istio": {"mode": "ambient"}}, "monitoring": {}},
            "staging": {"mesh": {"istio": {}}, "workers": WORKERS},
            "plain": {},
        },
    },
}


def app(spec, environment=None):
    smallest = {
        "image": IMAGE,
        "host": "shop.example.com",
        "secretName": "shop-env",
        "database": {"host": "mysql.internal", "name": "shop", "user": "shop"},
    }
    value = {
        "apiVersion": "holdfast.dev/v1alpha1",
        "kind": "LaravelApp",
        "metadata": {"name": "shop"},
        "spec": smallest | spec,
    }
    return read(msgspec.json.encode(value), "app.yaml", environment=environment)


def files_of(spec):
    return kustomized(app(spec), {name: app(spec, name) for name in spec.get("environments", ())})


def every(rendered):
    return [one for some in rendered.objects.values() for one in some]


def built(directory):
    files = Files(directory)
    paths = sorted(directory.rglob("kustomization.yaml"))
    return {found.directory: found for found in kustomizations(paths, files)}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_an_overlay_is_what_is_rendered(tmp_path, spec):
    for path, text in files_of(spec).items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = built(tmp_path)
    names = spec.get("environments", ["default"])
    for name in names:
        overlay = found[f"overlays/{name}"]
        assert overlay.refused == ""
        wanted = every(render(app(spec, None if name == "default" else name)))
        assert by_identity(msgspec.to_builtins(one.body) for one in overlay.objects) == by_identity(
            wanted
        )
        assert len(overlay.objects) == len(wanted)


def test_what_there_is():
    paths = set(files_of(SPECS["environments"]))
    assert {path.rpartition("/")[0] for path in paths} == {
        "base",
        "components/keda",
        "components/mesh",
        "components/monitoring",
        "overlays/production",
        "overlays/staging",
        "overlays/testing",
    }
    assert {path.partition("/")[0] for path in files_of({})} == {"base", "overlays"}


def test_the_base_is_without_what_clusters_may_lack():
    for path, text in files_of(SPECS["environments"]).items():
        if path.startswith("base/"):
            assert "istio.io" not in text, path
            assert "keda.sh" not in text, path
            assert "monitoring.coreos.com" not in text, path


def test_an_overlay_names_the_components_that_its_environment_has():
    made = files_of(SPECS["environments"])
    assert "components/mesh" in made["overlays/production/kustomization.yaml"]
    assert "components/mesh" not in made["overlays/staging/kustomization.yaml"]
    assert "components/monitoring" in made["overlays/staging/kustomization.yaml"]
    assert "components/monitoring" not in made["overlays/testing/kustomization.yaml"]


def test_a_component_that_meets_another_one_is_left_out():
    one = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"a": "1"}}
    objects = by_identity([one])
    gone = between(objects, {})
    assert over(objects, gone) == {}
    with pytest.raises(LookupError):
        over({}, gone)
    with pytest.raises(LookupError):
        over(objects, between({}, objects))
    changed = between(objects, by_identity([one | {"data": {"a": "2"}}]))
    assert over(objects, changed)[identity(one)]["data"] == {"a": "2"}
    with pytest.raises(LookupError):
        over({}, changed)
    wanted = app(EVERYTHING)
    text = kustomize._overlay("x", objects, {"mesh": between({}, objects)}, wanted)
    assert "components:" not in text["x/kustomization.yaml"]


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ("a\nb\n", True),
        ("a\nb", False),
        (1, False),
        ({"a": "x\n", "b": ["y\n"]}, True),
        ({"a": "x\n", "b": ["y"]}, False),
        ([], False),
    ],
)
def test_kustomize_trims_patches_and_they_keep_their_end(value, kept):
    text = kustomize._text([{"op": "replace", "path": "/x", "value": value}])
    assert text.endswith("# keeps the last line's end\n") is kept
    assert yaml.safe_load(text.strip()) == [{"op": "replace", "path": "/x", "value": value}]
