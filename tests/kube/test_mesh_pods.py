"""What pods carry for a mesh."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.mesh import network
from holdfast.kube.mesh.pods import pod_annotations, pod_labels
from holdfast.kube.pod import pod_template

from .conftest import application

NATIVE = {
    "sidecar.istio.io/nativeSidecar": "true",
    "sidecar.istio.io/rewriteAppHTTPProbers": "true",
}
LINKERD = {
    "config.beta.linkerd.io/proxy-enable-native-sidecar": "true",
    "config.linkerd.io/proxy-enable-native-sidecar": "true",
    "linkerd.io/inject": "enabled",
}
MEMBER = {"holdfast.dev/mesh": "shop"}
AMBIENT = {"istio.io/dataplane-mode": "ambient", "sidecar.istio.io/inject": "false"} | MEMBER


@pytest.mark.parametrize(
    ("mesh", "labels", "annotations"),
    [
        (None, {}, {}),
        ({"istio": {}}, {"sidecar.istio.io/inject": "true"} | MEMBER, NATIVE),
        (
            {"istio": {"revision": "canary"}},
            {"istio.io/rev": "canary", "sidecar.istio.io/inject": "true"} | MEMBER,
            NATIVE,
        ),
        ({"istio": {"mode": "ambient"}}, AMBIENT, {}),
        ({"linkerd": {}}, {}, LINKERD),
    ],
)
@pytest.mark.parametrize("component", ["web", "worker-mail", "migrate", "sessions"])
def test_pods_of_every_kind_carry_the_same(
    mesh: Any, labels: dict[str, str], annotations: dict[str, str], component: str
) -> None:
    app = application(mesh=mesh)

    assert pod_labels(app, component) == labels
    assert pod_annotations(app, component) == annotations


@pytest.mark.parametrize(
    ("database", "past"),
    [
        (None, None),
        ({"driver": "mysql", "host": "db"}, None),
        ({"driver": "mysql", "host": "db", "port": 3306}, None),
        ({"driver": "mysql", "host": "db", "port": 3307}, "3307"),
        ({"driver": "mariadb", "host": "db", "port": 3307}, "3307"),
        ({"driver": "pgsql", "host": "db", "port": 5433}, None),
    ],
)
def test_a_server_that_speaks_first_is_reached_past_linkerd(
    database: Any, past: str | None
) -> None:
    annotations = pod_annotations(application(mesh={"linkerd": {}}, database=database), "web")

    assert annotations.get("config.linkerd.io/skip-outbound-ports") == past


def test_a_pod_template_carries_them_beside_its_own() -> None:
    template = pod_template(application(mesh={"linkerd": {}}), "web", containers=[], grace=30)

    assert template["metadata"]["annotations"] == LINKERD
    assert template["metadata"]["labels"]["app.kubernetes.io/component"] == "web"


@pytest.mark.parametrize(
    ("mesh", "ports", "sources", "egress"),
    [
        (None, [], [], []),
        ({"istio": {}}, [15008], [], [("istio-system", [15012])]),
        (
            {"istio": {"mode": "ambient"}},
            [15008],
            ["169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"],
            [],
        ),
        ({"linkerd": {}}, [4143], [], [("linkerd", None)]),
    ],
)
def test_what_network_policies_leave_open(
    mesh: Any, ports: list[int], sources: list[str], egress: list[tuple[str, list[int] | None]]
) -> None:
    app = application(mesh=mesh)

    assert network.ports(app) == ports
    assert network.probe_sources(app) == sources
    assert [
        (
            rule["to"][0]["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"],
            [port["port"] for port in rule["ports"]] if "ports" in rule else None,
        )
        for rule in network.control_plane(app)
    ] == egress
