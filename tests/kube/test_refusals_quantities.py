"""Amounts that are valid to Kubernetes and cannot be meant."""

from __future__ import annotations

import pytest

from holdfast.kube.refusals.gather import refusals
from holdfast.kube.refusals.quantities import refusals as of_quantities

from .conftest import application

DATABASE = {"database": {"host": "db.example.com"}}


@pytest.mark.parametrize(
    ("spec", "path", "reason", "way_out"),
    [
        (
            {"web": {"resources": {"memory": "512m"}}},
            "web.resources.memory",
            "512m is thousandths of a byte, in which PHP does not start",
            {"web": {"resources": {"memory": "512Mi"}}},
        ),
        (
            {"web": {"resources": {"memory": "31Mi"}}},
            "web.resources.memory",
            "31Mi is 32505856 bytes",
            {"web": {"resources": {"memory": "32Mi"}}},
        ),
        (
            {"web": {"resources": {"memory": "1"}}},
            "web.resources.memory",
            "1 is 1 byte,",
            {"web": {"resources": {"memory": "1G"}}},
        ),
        (
            {"workers": [{"name": "a"}, {"name": "b", "resources": {"memory": "256"}}]} | DATABASE,
            "workers.1.resources.memory",
            "256 is 256 bytes",
            {"workers": [{"name": "a"}, {"name": "b"}]} | DATABASE,
        ),
        (
            {"scheduler": {"resources": {"cpu": "513"}}},
            "scheduler.resources.cpu",
            "513 is 513 processors, which no node has",
            {"scheduler": {"resources": {"cpu": "512"}}},
        ),
        (
            {"migrations": {"resources": {"memory": "0"}}},
            "migrations.resources.memory",
            "0 is 0 bytes",
            {"migrations": None},
        ),
        (
            {"web": {"maxBody": "20m"}},
            "web.maxBody",
            "20m is thousandths of a byte: the edge or nginx would answer 413",
            {"web": {"maxBody": "20Mi"}},
        ),
        (
            {"web": {"maxBody": "1023"}},
            "web.maxBody",
            "1023 is 1023 bytes",
            {"web": {"maxBody": "1Ki"}},
        ),
    ],
)
def test_it_is_refused_and_the_way_out_is_not(spec, path, reason, way_out):
    (one,) = of_quantities(application(**spec))
    assert ".".join(map(str, one.path)) == path
    assert one.reason.startswith(reason)
    assert list(refusals(application(**spec))) == [one]
    assert list(refusals(application(**way_out))) == []
