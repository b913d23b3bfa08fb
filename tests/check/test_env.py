"""The environment of a container, as Kubernetes and Laravel put it together."""

from __future__ import annotations

import pytest

from holdfast.check.kubernetes.objects import Objects, objects
from holdfast.check.kubernetes.workload import workloads
from holdfast.manifests.yaml import documents

OTHERS = """\
---
apiVersion: v1
kind: ConfigMap
metadata: {name: shop}
data:
  SESSION_DRIVER: redis
  SESSION_LIFETIME: "120"
  dotenv: |
    APP_NAME="My Shop"
    CACHE_PREFIX=${APP_NAME}
    SESSION_DRIVER=database
---
apiVersion: v1
kind: Secret
metadata: {name: keys}
data: {APP_KEY: YmFzZTY0OnNlY3JldA==, BROKEN: "%%%"}
stringData: {DB_PASSWORD: "pa$$word"}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: outside}
"""


def env(container, volumes="[]"):
    lines = f"""\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  template:
    spec:
      volumes: {volumes}
      containers:
        - {container}
"""
    read = documents((lines + OTHERS).encode(), "deploy.yaml")
    [workload] = workloads(Objects(objects(read)))
    return workload.containers[0].env


def test_what_is_listed_later_wins():
    found = env(
        "{envFrom: [{configMapRef: {name: shop}}, {prefix: P_, secretRef: {name: keys}}],"
        " env: [{name: SESSION_DRIVER, value: file}]}"
    )
    assert found.value("SESSION_DRIVER") == "file"
    assert found.value("SESSION_LIFETIME") == "120"
    assert str(found["SESSION_LIFETIME"].place) == "deploy.yaml:16:21"
    assert found.value("P_APP_KEY") == "base64:secret"
    assert found.value("P_DB_PASSWORD") == "pa$$word"
    assert found["P_BROKEN"].value is None
    assert found["P_APP_KEY"].secret
    assert "secret" not in repr(found)
    assert not found.more


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("$(A)-x", "a-x"),
        ("$$(A)", "$(A)"),
        ("$(LATER)", "$(LATER)"),
        ("$(A", "$(A"),
        ("$A ${A}", "$A ${A}"),
        ("$(RUN)", None),
    ],
)
def test_references_to_variables_before(value, expected):
    run = "{name: RUN, valueFrom: {fieldRef: {fieldPath: status.podIP}}}"
    found = env(
        f"{{env: [{{name: A, value: a}}, {run}, {{name: B, value: '{value}'}},"
        " {name: LATER, value: l}]}"
    )
    assert found["B"].value == expected


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("secretKeyRef: {name: none, key: A}", "Secret none is not among the manifests"),
        ("secretKeyRef: {name: outside, key: A}", "ExternalSecret outside makes it"),
        ("configMapKeyRef: {name: shop, key: NONE}", "has no key NONE"),
        ("fieldRef: {fieldPath: metadata.name}", "when the pod runs"),
    ],
)
def test_what_no_manifest_says_is_not_guessed(source, why):
    found = env(f"{{env: [{{name: A, valueFrom: {{{source}}}}}]}}")
    assert found["A"].value is None
    assert why in found["A"].why


def test_an_unknown_source_may_set_anything():
    found = env("{envFrom: [{secretRef: {name: none}}]}")
    assert not found
    assert "Secret none" in found.more[0].why


@pytest.mark.parametrize(
    ("mount", "volume"),
    [
        (
            "{name: e, mountPath: /app/.env, subPath: dotenv}",
            "{name: e, configMap: {name: shop}}",
        ),
        (
            "{name: e, mountPath: /app/.env, subPath: .env}",
            "{name: e, configMap: {name: shop, items: [{key: dotenv, path: .env}]}}",
        ),
        (
            "{name: e, mountPath: /app/config}",
            "{name: e, configMap: {name: shop, items: [{key: dotenv, path: .env}]}}",
        ),
    ],
)
def test_a_mounted_dotenv_is_read_below_the_environment(mount, volume):
    found = env(
        f"{{env: [{{name: SESSION_DRIVER, value: file}}], volumeMounts: [{mount}]}}",
        f"[{volume}]",
    )
    assert found.value("SESSION_DRIVER") == "file"
    assert found.value("CACHE_PREFIX") == "My Shop"
    assert str(found["CACHE_PREFIX"].place) == "deploy.yaml:19:1"


def test_a_mounted_dotenv_that_is_not_here_may_set_anything():
    found = env(
        "{volumeMounts: [{name: e, mountPath: /app/.env, subPath: .env}]}",
        "[{name: e, secret: {secretName: none}}]",
    )
    assert "holds its .env" in found.more[0].why
