"""Kustomizations are built as kubectl builds them, and each value keeps the file it comes from."""

from __future__ import annotations

import pytest

from holdfast.check.audit import Request, collect
from holdfast.check.rules import RULES
from holdfast.check.sources.files import Files

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: php
          image: shop
          envFrom: [{configMapRef: {name: shop}}]
          env: [{name: APP_KEY, value: x}, {name: SESSION_DRIVER, value: redis}]
        - name: nginx
          image: nginx:1.27
"""
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  template:
    spec:
      containers:
        - name: php
          env:
            - {name: SESSION_DRIVER, value: file}
            - {name: APP_KEY, $patch: delete}
"""


@pytest.fixture
def built(tmp_path):
    """The targets of a directory of files."""

    def build(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        reader = Files(tmp_path)
        return collect(Request([tmp_path], tmp_path, rules=RULES), reader), reader

    return build


def overlay(**more):
    """A base and an overlay over it."""
    lines = "".join(f"{name}: {value}\n" for name, value in more.items())
    return {
        "base/kustomization.yaml": "resources: [web.yaml]\n",
        "base/web.yaml": WEB,
        "prod/kustomization.yaml": f"resources: [../base]\n{lines}",
    }


def test_a_strategic_patch_is_merged_by_name_and_keeps_its_places(built):
    files = overlay(patches="[{path: web.yaml}]") | {"prod/web.yaml": PATCH}
    [target], _ = built(files)
    assert target.name == "prod"
    [workload] = target.workloads
    assert str(workload.scale) == "3 replicas"
    assert str(workload.scale.place).startswith("prod/web.yaml:5:")
    php, nginx = workload.containers
    assert dict.fromkeys(php.env) == {"SESSION_DRIVER": None}
    assert str(php.env["SESSION_DRIVER"].place).startswith("prod/web.yaml:11:")
    assert str(php.at("image")).startswith("base/web.yaml:11:")
    assert nginx.image == "nginx:1.27"
    start, end = workload.object.span("spec", "replicas")
    assert PATCH.encode()[start:end] == b"3"


@pytest.mark.parametrize(
    "patches",
    [
        (
            '[{target: {kind: Deployment, name: web}, patch: "[{op: replace, path: /spec/replicas,'
            ' value: 4}]"}]'
        ),
        (
            '[{target: {kind: Deployment}, patch: "{kind: Deployment, metadata: {name: any},'
            ' spec: {replicas: 4}}"}]'
        ),
        '[{target: {name: w.*}, patch: "[{op: add, path: /spec/replicas, value: 4}]"}]',
        '[{target: {name: w.b}, patch: "[{op: add, path: /spec/replicas, value: 4}]"}]',
    ],
)
def test_patches_with_a_target(built, patches):
    [target], _ = built(overlay(patches=patches))
    [workload] = target.workloads
    assert workload.name == "web"
    assert str(workload.scale) == "4 replicas"
    assert workload.scale.place.file == "prod/kustomization.yaml"


def test_json_operations(built):
    operations = (
        "[{op: remove, path: /spec/template/spec/containers/1},"
        " {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: A, value: b}},"
        " {op: replace, path: /metadata/name, value: shop},"
        " {op: add, path: /metadata/annotations, value: {a~b: c}},"
        " {op: replace, path: /metadata/annotations/a~0b, value: d}]"
    )
    patches = f'[{{target: {{kind: Deployment}}, patch: "{operations}"}}]'
    [target], _ = built(overlay(patches=patches))
    [workload] = target.workloads
    assert workload.name == "shop"
    assert workload.object.annotations == {"a~b": "d"}
    [php] = workload.containers
    assert list(php.env) == ["APP_KEY", "SESSION_DRIVER", "A"]


def test_generators_make_configuration_with_places(built):
    files = overlay(
        configMapGenerator="[{name: shop, literals: [SESSION_LIFETIME=60], envs: [shop.env]}]",
        secretGenerator='[{name: keys, literals: ["APP_KEY=base64:x="]}]',
    )
    files["prod/shop.env"] = "# none\nCACHE_STORE=redis\n"
    [target], _ = built(files)
    [workload] = target.workloads
    php = workload.containers[0]
    assert php.env.value("SESSION_LIFETIME") == "60"
    assert str(php.env["CACHE_STORE"].place) == "prod/shop.env:2:1"
    assert not php.env.more
    secret = target.objects.find("Secret", "keys")
    assert secret.get("stringData", "APP_KEY") == "base64:x="


def test_an_overlay_changes_what_its_base_generates(built):
    files = overlay(
        configMapGenerator="[{name: shop, behavior: merge, literals: [SESSION_DRIVER=file]}]"
    )
    files["base/kustomization.yaml"] += (
        "configMapGenerator: [{name: shop, literals: [SESSION_DRIVER=redis, APP_ENV=x]}]\n"
    )
    [target], _ = built(files)
    assert target.objects.find("ConfigMap", "shop").get("data") == {
        "SESSION_DRIVER": "file",
        "APP_ENV": "x",
    }


def test_what_is_done_to_all_objects(built):
    [target], _ = built(
        overlay(
            namespace="shop",
            images="[{name: shop, newName: r.example.com/shop, newTag: v2}]",
            replicas="[{name: web, count: 5}]",
            commonLabels="{tier: web}",
            commonAnnotations="{a: b}",
        )
    )
    [workload] = target.workloads
    assert str(workload) == "Deployment shop/web"
    assert str(workload.scale) == "5 replicas"
    assert workload.containers[0].image == "r.example.com/shop:v2"
    assert workload.containers[1].image == "nginx:1.27"
    assert workload.labels == {"app": "web", "tier": "web"}
    assert workload.object.annotations == {"a": "b"}


def test_common_labels_are_put_into_selectors_too(built):
    files = overlay(commonLabels="{app: ours}") | {
        "base/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n"
        "spec: {selector: {app: web}}\n",
    }
    name = next(n for n in files if n.startswith("base/kustomization"))
    files[name] = files[name].replace("resources: [", "resources: [service.yaml, ")
    [target], _ = built(files)
    [workload] = target.workloads
    assert [service.name for service in workload.services] == ["web"]


def test_a_component_is_laid_over_what_is_there(built):
    files = overlay(components="[../scaled]") | {
        "scaled/kustomization.yaml": "kind: Component\nreplicas: [{name: web, count: 7}]\n"
    }
    [target], _ = built(files)
    assert str(target.workloads[0].scale) == "7 replicas"


def test_each_overlay_is_judged_by_itself_and_the_base_is_not(built):
    files = overlay() | {
        "staging/kustomization.yaml": "resources: [../base]\n",
        "other/service.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: web}\n",
    }
    targets, reader = built(files)
    assert [target.name for target in targets] == ["", "prod", "staging"]
    assert reader.not_judged == []


@pytest.mark.parametrize(("named", "repository"), [("shop", False), ("shop/prod", True)])
def test_one_that_is_checked_from_elsewhere_is_built_too(tmp_path, named, repository):
    here = tmp_path / "here"
    here.mkdir()
    for name, text in overlay().items():
        path = tmp_path / "shop" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    if repository:
        (tmp_path / "shop/.git").mkdir()
    reader = Files(here)
    [target] = collect(Request([tmp_path / named], here, rules=RULES), reader)
    assert target.name == "../shop/prod"
    assert reader.not_judged == []


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"transformers": "[labels.yaml]"}, "transformers"),
        ({"replacements": "[{path: r.yaml}]"}, "replacements"),
        ({"resources": "[../base, https://example.com/base?ref=v1]"}, "elsewhere"),
        ({"resources": "[../base, github.com/example/base]"}, "elsewhere"),
        ({"resources": "[../base, ../../../../../../../../etc/passwd]"}, "leads out"),
        ({"resources": "[../base, missing.yaml]"}, "there is no"),
        ({"resources": "[../base, ../prod]"}, "circle"),
        ({"patches": "[{path: missing.yaml}]"}, "there is no"),
        (
            {"patches": '[{target: {kind: Deployment}, patch: "[{op: test, path: /a}]"}]'},
            "operation",
        ),
        ({"patches": '[{target: {labelSelector: a=b}, patch: "{a: b}"}]'}, "labels"),
        ({"patches": '[{target: {name: "(a+)+$"}, patch: "{a: b}"}]'}, "plain name"),
        ({"patches": '[{patch: "{kind: Job, metadata: {name: none}}"}]'}, "nothing that this"),
        ({"configMapGenerator": "[{name: a, envs: [none.env]}]"}, "there is no"),
    ],
)
def test_what_is_not_followed_is_said_and_nothing_of_it_is_judged(built, more, why):
    files = overlay()
    files["prod/kustomization.yaml"] = "".join(
        f"{name}: {value}\n" for name, value in ({"resources": "[../base]"} | more).items()
    )
    targets, reader = built(files)
    assert targets == []
    assert [one.file for one in reader.not_judged] == ["prod"]
    assert why in reader.not_judged[0].reason
    # What is not there is built by nobody.
    assert ("kubectl kustomize prod" in reader.not_judged[0].reason) == (why != "there is no")
