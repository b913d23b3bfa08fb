"""The longest name that an application may have leaves room for what Kubernetes adds to it."""

from __future__ import annotations

import pytest

from holdfast.kube.app import Object
from holdfast.kube.render import render
from holdfast.kube.spec.words import LONGEST

from .conftest import application

ROOM = {
    "CronJob": 52,  # a Job's name adds eleven characters
    "Job": 63,  # the label job-name of its pods
    "Service": 63,  # a part of a host name
    "StatefulSet": 52,  # the label controller-revision-hash of its pods adds eleven
}
"""Kubernetes: apis/batch/validation/validation.go; core/validation (ValidateServiceName);
kubernetes/kubernetes issue 64023 for StatefulSets."""

STORES: list[Object] = [
    {"session": {"store": {kind: {}}}} for kind in ("single", "sentinel", "operator")
]
MORE: Object = {
    "workers": [{"name": "w" * 40, "horizon": True}],
    "scheduler": {},
    "monitoring": {},
    "storage": {"uploads": {"volume": {}}},
}


@pytest.mark.parametrize("store", STORES, ids=lambda spec: next(iter(spec["session"]["store"])))
def test_names_fit(store: Object) -> None:
    app = application(name="a" * LONGEST, **store, **MORE)
    names = {
        (one["kind"], one["metadata"]["name"])
        for some in render(app).objects.values()
        for one in some
    }
    too_long = {(kind, name, len(name)) for kind, name in names if len(name) > ROOM.get(kind, 253)}
    assert too_long == set()
