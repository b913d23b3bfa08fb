"""`check` finds nothing in what is rendered for a mesh, and finds what breaks its safe defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from holdfast.kube.app import Object

from .audited import findings, rendered
from .conftest import application

DATABASE = {"host": "db.example.com", "name": "shop", "user": "shop"}
BIG: Any = {
    "monitoring": {},
    "database": DATABASE,
    "session": {"store": {"sentinel": {}}},
    "scheduler": {},
    "web": {"max": 9},
    "workers": [{"name": "mail", "max": 9, "scaleOn": {"cpu": 70}}],
}
MESHES: dict[str, Any] = {
    "sidecar": {"istio": {}},
    "ambient": {"istio": {"mode": "ambient"}},
    "linkerd": {"linkerd": {}},
    "joining": {"istio": {}, "joining": True},
}
ISTIO_GATEWAY: Any = {"gateway": {"controller": "istio", "className": "istio"}}


@pytest.mark.parametrize("mesh", MESHES)
@pytest.mark.parametrize(
    "spec",
    [{}, BIG, BIG | {"edge": ISTIO_GATEWAY}],
    ids=["smallest", "big", "with a gateway of its own"],
)
def test_nothing_is_found_in_what_is_rendered(mesh: str, spec: Any) -> None:
    found = findings(rendered(application(mesh=MESHES[mesh], **spec)))

    # What `check` cannot tell, it says with a question mark: whom the proxies of Sentinel lead to.
    assert [one for one in found if not one.endswith("?")] == []


def _of(objects: list[Object], kind: str, name: str) -> Object:
    return next(
        item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name
    )


def _sticky(objects: list[Object]) -> None:
    """Affinity by a hash of the session cookie."""
    policy = _of(objects, "DestinationRule", "shop-web")["spec"]["trafficPolicy"]
    cookie = {"name": "shop_session", "ttl": "0s"}
    policy["loadBalancer"] = {"consistentHash": {"httpCookie": cookie}}
    _of(objects, "VirtualService", "shop-web")["spec"] |= {
        "gateways": ["mesh", "istio-system/edge"],
        "hosts": ["shop.example.com"],
    }


def _again(objects: list[Object]) -> None:
    """Requests are repeated after every answer that is an error."""
    (route,) = _of(objects, "VirtualService", "shop-web")["spec"]["http"]
    route["retries"]["retryOn"] = "5xx,reset"


@pytest.mark.parametrize(("rule", "change"), [("HF713", _sticky), ("HF826", _again)])
def test_what_breaks_a_safe_default_is_found(
    rule: str, change: Callable[[list[Object]], None]
) -> None:
    objects = rendered(application(mesh={"istio": {}}, **BIG))
    change(objects)

    assert rule in {found.partition(":")[0] for found in findings(objects)}
