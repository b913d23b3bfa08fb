"""The judge of rendered objects is judged: what an API server refuses, it names."""

from __future__ import annotations

import copy

import pytest

from holdfast.kube.app import NEWEST, OLDEST
from tests.kube import schemas

DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "shop-web", "labels": {"app.kubernetes.io/name": "shop"}},
    "spec": {
        "selector": {"matchLabels": {"a": "b"}},
        "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {
                "containers": [{"name": "php", "image": "shop", "ports": [{"containerPort": 1}]}]
            },
        },
    },
}
CRD = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "port": {"x-kubernetes-int-or-string": True, "anyOf": [{}]},
                "maybe": {"type": "string", "nullable": True},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                "list": {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
            },
        }
    },
}


def test_the_minors():
    assert schemas.MINORS[0] == OLDEST
    assert len(schemas.MINORS) == 1 + schemas.LAST
    assert schemas.MINORS[-1] >= NEWEST


def changed(path, value):
    one = copy.deepcopy(DEPLOYMENT)
    *before, last = path
    inner = one
    for step in before:
        inner = inner[step]
    inner[last] = value
    return one


CONTAINER = ("spec", "template", "spec", "containers", 0)


@pytest.mark.parametrize("minor", schemas.MINORS)
def test_what_is_right(minor):
    assert schemas.problems(DEPLOYMENT, minor) == []


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ((*CONTAINER, "imagePullpolicy"), "Always", "'imagePullpolicy' was unexpected"),
        ((*CONTAINER, "ports", 0, "containerPort"), "http", "containerPort"),
        (("metadata", "nmae"), "x", "'nmae' was unexpected"),
        (("metadata", "name"), "Shop", "'Shop' is no name"),
        (("metadata", "labels"), {"a b": "c"}, "a b: c is no label"),
        (("metadata", "labels"), {"a": "-"}, "a: - is no label"),
        (("metadata", "annotations"), {"a": 1}, "a: 1 is no annotation"),
        ((*CONTAINER, "env"), None, "spec.template.spec.containers.0.env: is null"),
    ],
)
def test_what_is_wrong(path, value, said):
    found = schemas.problems(changed(path, value), OLDEST)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith(f"1.{OLDEST} Deployment ") for problem in found)


def test_kinds_that_a_version_does_not_have():
    with pytest.raises(AssertionError, match=r"no batch/v1beta1 CronJob"):
        schemas.problems({"apiVersion": "batch/v1beta1", "kind": "CronJob"}, OLDEST)


def test_an_object_is_there_once():
    assert schemas.all_problems([DEPLOYMENT, DEPLOYMENT], minors=[OLDEST]) == [
        "Deployment shop-web is there twice"
    ]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ({"port": 1, "maybe": None, "free": {"x": {"y": 1}}, "labels": {"a": "b"}}, None),
        ({"port": "http", "list": [{"a": 1}]}, None),
        ({"port": []}, "is not of types"),
        ({"prot": 1}, "'prot' was unexpected"),
        ({"labels": {"a": 1}}, "is not of type"),
        ({"list": [{"b": 1}]}, "'b' was unexpected"),
    ],
)
def test_custom_resources(tmp_path, monkeypatch, spec, said):
    import json

    (tmp_path / "thing-v1").mkdir()
    (tmp_path / "thing-v1" / "Thing_example.com_v1.json").write_text(json.dumps(CRD))
    monkeypatch.setattr(schemas, "CRDS", str(tmp_path))
    schemas._schema.cache_clear()
    one = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": spec}
    found = [problem for problem in schemas.problems(one, OLDEST) if "is null" not in problem]
    schemas._schema.cache_clear()
    assert any(said in problem for problem in found) if said else found == [], found
