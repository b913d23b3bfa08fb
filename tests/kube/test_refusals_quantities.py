"""Amounts that are valid to Kubernetes and cannot be meant."""

from __future__ import annotations

import pytest

from holdfast.kube.refusals.gather import refusals
from holdfast.kube.refusals.quantities import refusals as of_quantities
from holdfast.kube.web.explained import explained

from .conftest import application

DATABASE = {"database": {"host": "db.example.com"}}

HORIZON = {
    "session": {"driver": "database"},
    "redis": {"external": {"host": "jobs.example.com"}},
} | DATABASE


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
            {"web": {"processes": 4, "resources": {"memory": "32Mi"}}},
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
            {"migrations": {"resources": {"memory": "1m"}}},
            "migrations.resources.memory",
            "1m is thousandths of a byte",
            {"migrations": None},
        ),
        (
            {"web": {"maxBody": "20m"}},
            "web.maxBody",
            "20m is thousandths of a byte: the edge or nginx would answer 413",
            {"web": {"maxBody": "20Mi"}},
        ),
        (
            {"web": {"processes": 200, "resources": {"memory": "64Mi"}}},
            "web.resources.memory",
            "64Mi is less than 1Mi for each of 200 processes",
            {"web": {"processes": 200, "resources": {"memory": "1600Mi"}}},
        ),
        (
            {"web": {"processes": 9, "resources": {"memory": "71Mi"}}},
            "web.resources.memory",
            "71Mi is 7Mi for each of 9 processes",
            {"web": {"processes": 9, "resources": {"memory": "72Mi"}}},
        ),
        (
            HORIZON | {"workers": [{"name": "a", "horizon": True}]},
            "workers.0.resources.memory",
            "256Mi is for one worker, and Horizon's master and all its processes",
            HORIZON
            | {"workers": [{"name": "a", "horizon": True, "resources": {"memory": "257Mi"}}]},
        ),
        (
            {"web": {"maxBody": "110Gi"}},
            "web.maxBody",
            "10 processes with a body of 110Gi each are 1100Gi of a node's disk",
            {"web": {"maxBody": "100Gi"}},
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


def test_memory_in_which_nothing_starts_is_said_once():
    (one,) = of_quantities(application(web={"resources": {"memory": "1Mi"}}))
    assert "does not start" in one.reason


@pytest.mark.parametrize(
    ("web", "said"),
    [
        ({}, None),
        ({"maxBody": "345Mi"}, None),
        ({"maxBody": "346Mi"}, "5Gi of its node are reserved for each"),
        ({"maxBody": "10Gi"}, "101Gi of its node are reserved for each"),
    ],
)
def test_the_disk_of_a_node_is_said_where_it_is_much(web, said):
    found = [one for one in explained(application(web=web)) if one.subject == "disk of web pods"]
    assert [one.choice for one in found] == ([said] if said else [])
