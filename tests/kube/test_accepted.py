"""What a person chose against advice is allowed by name; what Holdfast decides never is."""

from __future__ import annotations

import pytest

from tests.kube.audited import findings, rendered
from tests.kube.conftest import application

DYNAMODB = {"dynamodb": {"table": "sessions", "region": "eu-central-1"}}
MEMCACHED = {"external": {"host": "memcached.internal", "password": False}}


@pytest.mark.parametrize(
    ("session", "rules"),
    [
        ({}, []),
        ({"encrypt": True}, []),
        ({"encrypt": False}, ["HF951"]),
        ({"driver": "memcached", "store": MEMCACHED}, ["HF531"]),
        ({"driver": "dynamodb", "store": DYNAMODB, "encrypt": False}, ["HF541", "HF951"]),
        ({"driver": "cookie"}, ["HF409", "HF411"]),
        ({"driver": "cookie", "encrypt": False}, ["HF409", "HF411"]),
    ],
)
def test_what_is_allowed_on_web_pods(session, rules):
    database = {"host": "mysql.internal", "name": "shop", "user": "shop"}
    objects = rendered(application(session=session, database=database))
    (web,) = (
        one
        for one in objects
        if one["metadata"]["name"] == "shop-web" and one["kind"] == "Deployment"
    )
    annotations = web["metadata"].get("annotations", {})
    allowed = {name: annotations.pop(name) for name in list(annotations) if "/allow-" in name}
    assert [name.rpartition("-")[2] for name in allowed] == rules
    assert all(reason.startswith("spec.session.") for reason in allowed.values())
    found = {finding[:5] for finding in findings(objects)}
    assert set(rules) <= found
