"""A change that a cluster refuses is told before, with the commands that make it possible."""

from __future__ import annotations

import pytest

from holdfast.kube.directory import Change
from holdfast.kube.emit import emit
from holdfast.kube.immutable import commands
from holdfast.kube.session_store import store

from .conftest import application


def text(session_store, **more):
    return emit(list(store.objects(application(session={"store": session_store}, **more))))


def told(before, after):
    return commands([Change("12-session-store.yaml", before, after)])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"single": {}}, {"single": {}}),
        ({"single": {}}, {"sentinel": {}}),
        ({"single": {}}, {"single": {"memory": "512Mi"}}),
        ({"sentinel": {}}, {"sentinel": {"replicas": 5}}),
    ],
)
def test_what_can_be_applied_needs_nothing(before, after):
    assert told(text(before), text(after)) == []


def test_a_bigger_disk():
    before = text({"sentinel": {}})
    after = text({"sentinel": {"storage": "4Gi"}})
    patch = """'{"spec": {"resources": {"requests": {"storage": "4Gi"}}}}'"""
    said, *ordered = told(before, after)
    assert said.startswith("# of statefulset/shop-sessions nobody may change volumeClaimTemplates:")
    assert [one.replace(" -n shop", "") for one in ordered] == [
        *(f"kubectl patch pvc data-shop-sessions-{n} -p {patch}" for n in range(3)),
        "kubectl delete statefulset shop-sessions --cascade=orphan",
    ]


@pytest.mark.parametrize(
    "changed", [{"storage": "1Gi"}, {"storageClass": "fast"}], ids=["smaller", "class"]
)
def test_a_claim_that_cannot_follow_is_not_patched(changed):
    said = told(
        text({"single": {"storage": "2Gi"}}), text({"single": {"storage": "2Gi", **changed}})
    )
    assert [line.split()[1] for line in said] == ["of", "delete"]


def test_a_namespace_is_named():
    before = "kind: StatefulSet\nmetadata: {name: a, namespace: shop}\nspec: {serviceName: a}\n"
    *_, last = told(before, before.replace("serviceName: a", "serviceName: b"))
    assert last == "kubectl delete -n shop statefulset a --cascade=orphan"


@pytest.mark.parametrize(
    ("was", "edited"),
    [
        ("storage: 2Gi", "storage: 2Pi"),
        ("storage: 2Gi", "storage: much"),
        ("storage: 2Gi", "disk: 2Gi"),
        ("volumeClaimTemplates:", "volumeClaimTemplates: {}\n  x:"),
    ],
)
def test_what_somebody_edited_is_no_obstacle(was, edited):
    after = text({"single": {}})
    said = told(after.replace(was, edited), after)
    assert [line.split()[1] for line in said] == ["of", "delete"]


@pytest.mark.parametrize("other", [None, "kind: StatefulSet\nmetadata: [\n", "kind: StatefulSet\n"])
def test_what_is_not_there_or_no_object_needs_nothing(other):
    after = text({"single": {}})
    assert told(other, after) == told(after, other) == []
