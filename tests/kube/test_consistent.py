"""Whoever looks for names that lead nowhere finds each of them."""

from __future__ import annotations

import pytest

from holdfast.kube.render import render

from .conftest import application
from .consistent import inconsistencies

APP = application(scheduler={}, workers=[{"name": "a"}], web={"min": 2, "max": 4})


def objects():
    return [one for some in render(APP).objects.values() for one in some]


def of(kind, name, found):
    (one,) = [one for one in found if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    return one


def pod(found):
    return of("Deployment", "shop-web", found)["spec"]["template"]["spec"]


def first(found):
    return pod(found)["containers"][0]


def http(found):
    return next(
        port
        for container in pod(found)["containers"]
        for port in container.get("ports", ())
        if port["name"] == "http"
    )


def gone(kind):
    def change(found):
        found[:] = [one for one in found if one["kind"] != kind]

    return change


def test_what_is_rendered_is_consistent():
    assert inconsistencies(objects(), APP) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (gone("ServiceAccount"), "no account shop"),
        (gone("ConfigMap"), "no ConfigMap"),
        (gone("Deployment"), "selects no pod"),
        (gone("Deployment"), "scales shop-web, which is not there"),
        (gone("Service"), "leads to Service shop-web, which is not there"),
        (lambda found: pod(found)["containers"].append(first(found)), "containers of one name"),
        (lambda found: pod(found)["volumes"].append({"name": "x"}), "volumes that nobody mounts"),
        (lambda found: pod(found)["volumes"].append(pod(found)["volumes"][0]), "volumes of one"),
        (lambda found: pod(found)["volumes"].clear(), "no volume"),
        (
            lambda found: first(found)["volumeMounts"].append(first(found)["volumeMounts"][0]),
            "mounts at one path",
        ),
        (lambda found: first(found)["volumeMounts"][0].update(mountPath="/a/../b"), "mounts at /a"),
        (lambda found: first(found)["env"].append(first(found)["env"][0]), "variables twice"),
        (lambda found: first(found)["env"].append({"name": "1"}), "no name of a variable"),
        (lambda found: first(found).update(envFrom=[{"secretRef": {"name": "x"}}]), "no Secret x"),
        (lambda found: http(found).update(name="web"), "leads to port http"),
        (lambda found: http(found).update(name="1"), "no name of a port"),
        (
            lambda found: first(found).update(livenessProbe={"tcpSocket": {"port": "x"}}),
            "livenessProbe asks port x",
        ),
        (
            lambda found: of("Deployment", "shop-web", found)["spec"]["selector"].update(
                matchLabels={"a": "b"}
            ),
            "its selector does not match",
        ),
        (lambda found: of("Service", "shop-web", found)["metadata"].update(name="0"), "no name of"),
        (
            lambda found: of("Service", "shop-web", found)["spec"]["ports"][0].update(name="x"),
            "of shop-web, which it does not have",
        ),
        (lambda found: found[0]["metadata"].update(namespace="x"), "is in x"),
    ],
)
def test_what_is_not_is_found(change, words):
    found = objects()
    change(found)
    assert any(words in problem for problem in inconsistencies(found, APP))
