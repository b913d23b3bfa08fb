"""What a mesh is told: identities, traffic, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from holdfast.kube.app import App, Object
from holdfast.kube.edge import entry
from holdfast.kube.mesh import policies
from holdfast.kube.refusals import mesh as refusals
from holdfast.kube.session_store import store

from .conftest import application
from .schemas import all_problems


def _by_kind(app: App) -> dict[str, dict[str, Object]]:
    found: dict[str, dict[str, Object]] = {}
    for item in policies.objects(app):
        found.setdefault(item["kind"], {})[item["metadata"]["name"]] = item["spec"]
    return found


def test_no_mesh_is_told_nothing(app: App) -> None:
    assert list(policies.objects(app)) == []
    assert list(policies.decisions(app)) == []


@pytest.mark.parametrize("mode", ["sidecar", "ambient"])
def test_only_the_application_and_the_store_itself_reach_the_store(mode: str) -> None:
    app = application(mesh={"istio": {"mode": mode}}, monitoring={})
    policy = _by_kind(app)["AuthorizationPolicy"]

    assert policy["shop-sessions"]["rules"][0] == {
        "from": [{"source": {"serviceAccounts": ["shop", "shop-sessions"]}}],
        "to": [{"operation": {"ports": ["6379"]}}],
    }
    assert policy["shop-sessions"]["action"] == "ALLOW"
    # And Prometheus, at the exporter's port, where everybody is let in by the mesh.
    assert policy["shop-sessions"]["rules"][1:] == [{"to": [{"operation": {"ports": ["9121"]}}]}]


def test_all_other_connections_to_all_pods_are_refused() -> None:
    policy = _by_kind(application(mesh={"istio": {}}))["AuthorizationPolicy"]["shop"]

    assert policy == {
        "action": "ALLOW",
        "selector": {"matchLabels": {"holdfast.dev/mesh": "shop"}},
    }


@pytest.mark.parametrize(
    ("spec", "plain"),
    [
        ({}, ["8080"]),
        ({"monitoring": {}}, ["8080", "9121", "9253"]),
        ({"monitoring": {}, "web": {"runtime": "frankenphp"}}, ["8080", "9121"]),
        ({"monitoring": {}, "session": {"driver": "database"}}, ["8080", "9253"]),
        ({"web": {"port": 9000}}, ["9000"]),
        ({"edge": {"gateway": {"controller": "istio", "name": "public"}}}, []),
        ({"edge": {"gateway": {"controller": "cilium", "name": "public"}}}, ["8080"]),
    ],
)
def test_plain_connections_are_taken_where_somebody_without_a_mesh_comes(
    spec: Any, plain: list[str]
) -> None:
    peers = _by_kind(application(mesh={"istio": {}}, **spec))["PeerAuthentication"]

    assert list(peers) == ["shop"]
    assert peers["shop"]["mtls"] == {"mode": "STRICT"}
    assert peers["shop"].get("portLevelMtls", {}) == {
        port: {"mode": "PERMISSIVE"} for port in plain
    }


@pytest.mark.parametrize(
    ("edge", "source"),
    [
        ({}, None),
        ({"gateway": {"controller": "cilium", "name": "public"}}, None),
        (
            {"gateway": {"controller": "istio", "name": "public"}},
            {"serviceAccounts": ["public-istio"]},
        ),
        (
            {"gateway": {"controller": "istio", "name": "public", "namespace": "ingress"}},
            {"namespaces": ["ingress"]},
        ),
        (
            {
                "gateway": {"controller": "istio", "name": "public", "namespace": "ingress"},
                "namespace": "istio-system",
            },
            {"namespaces": ["istio-system"]},
        ),
    ],
)
def test_web_pods_know_the_gateway_where_it_can_be_known(edge: Any, source: Any) -> None:
    app = application(mesh={"istio": {}}, edge=edge)

    rule = _by_kind(app)["AuthorizationPolicy"]["shop-web"]["rules"][0]

    assert rule["to"] == [{"operation": {"ports": ["8080"]}}]
    assert rule.get("from") == (None if source is None else [{"source": source}])


def test_a_gateway_of_its_own_is_known_by_its_account() -> None:
    gateway = {"controller": "istio", "className": "istio-internal"}
    app = application(mesh={"istio": {}}, edge={"gateway": gateway})

    rule = _by_kind(app)["AuthorizationPolicy"]["shop-web"]["rules"][0]

    assert rule["from"] == [{"source": {"serviceAccounts": ["shop-istio-internal"]}}]


def test_while_joining_nobody_is_refused() -> None:
    found = _by_kind(application(mesh={"istio": {}, "joining": True}, monitoring={}))

    assert "AuthorizationPolicy" not in found
    assert found["PeerAuthentication"]["shop"] == {
        "mtls": {"mode": "PERMISSIVE"},
        "selector": {"matchLabels": {"holdfast.dev/mesh": "shop"}},
    }
    assert _by_kind(application(mesh={"linkerd": {}, "joining": True})) == {}


def test_ambient_is_told_of_identities_alone() -> None:
    assert set(_by_kind(application(mesh={"istio": {"mode": "ambient"}}))) == {
        "AuthorizationPolicy",
        "PeerAuthentication",
    }


def test_connections_to_the_store_are_watched_and_nothing_is_ejected() -> None:
    rules = _by_kind(application(mesh={"istio": {}}))["DestinationRule"]

    tcp = {
        "connectTimeout": "2s",
        "tcpKeepalive": {"time": "60s", "interval": "10s", "probes": 3},
    }
    assert rules["shop-sessions"] == {
        "host": "shop-sessions",
        "trafficPolicy": {"connectionPool": {"tcp": tcp}},
    }
    assert rules["shop-web"] == {
        "host": "shop-web",
        "trafficPolicy": {"connectionPool": {"tcp": tcp, "http": {"idleTimeout": "60s"}}},
    }


@pytest.mark.parametrize(
    "session",
    [
        {"driver": "database"},
        {"store": {"external": {"host": "redis"}}},
        {"store": {"operator": {}}},
    ],
)
def test_without_a_store_of_ours_there_is_none_to_guard(session: Any) -> None:
    found = _by_kind(application(mesh={"istio": {}}, monitoring={}, session=session))

    assert list(found["DestinationRule"]) == ["shop-web"]
    assert sorted(found["AuthorizationPolicy"]) == ["shop", "shop-web"]
    assert list(found["PeerAuthentication"]["shop"]["portLevelMtls"]) == ["8080", "9253"]
    assert _by_kind(application(mesh={"linkerd": {}}, session=session)) == {}


def test_policies_name_the_ports_at_which_each_part_of_the_store_listens() -> None:
    spec: Any = {"monitoring": {}, "session": {"store": {"sentinel": {}}}}
    istio = application(mesh={"istio": {}}, **spec)
    listening = {
        item["metadata"]["name"]: {
            port["name"]: port["containerPort"]
            for container in item["spec"]["template"]["spec"]["containers"]
            for port in container.get("ports", [])
        }
        for item in store.objects(istio)
        if item["kind"] in ("Deployment", "StatefulSet")
    }
    assert len(listening) == 3

    servers = _by_kind(application(mesh={"linkerd": {}}, **spec))["Server"]
    policy = _by_kind(istio)["AuthorizationPolicy"]
    plain = _by_kind(istio)["PeerAuthentication"]["shop"]["portLevelMtls"]
    for name, ports in listening.items():
        spoken = ports.get("redis") or ports["sentinel"]
        guarded, *others = [
            (rule.get("from"), rule["to"][0]["operation"]["ports"])
            for rule in policy[name]["rules"]
        ]
        assert guarded[0] is not None
        assert guarded[1] == [str(spoken)]
        assert others == ([(None, [str(ports["metrics"])])] if "metrics" in ports else [])
        assert servers[name]["port"] == spoken
        assert str(spoken) not in plain
    assert str(listening["shop-sessions"]["metrics"]) in plain


def test_a_request_that_php_has_seen_is_not_sent_again() -> None:
    (route,) = _by_kind(application(mesh={"istio": {}}))["VirtualService"]["shop-web"]["http"]

    assert route["retries"] == {"attempts": 2, "retryOn": "connect-failure,refused-stream"}
    assert route["route"] == [{"destination": {"host": "shop-web", "port": {"number": 80}}}]


@pytest.mark.parametrize(
    ("host", "outside"),
    [
        ("db.eu-central-1.rds.amazonaws.com", True),
        ("redis.example.com", True),
        ("mysql", False),
        ("mysql.databases", False),
        ("mysql.databases.svc", False),
        ("mysql.databases.svc.cluster.local", False),
    ],
)
def test_servers_outside_are_entered_by_the_address_that_was_chosen(
    host: str, outside: bool
) -> None:
    app = application(
        mesh={"istio": {}},
        database={"host": host, "driver": "pgsql", "network": "10.1.0.0/16"},
        session={"store": {"external": {"host": host}}},
        redis={"external": {"host": host, "port": 6380}},
    )

    found = _by_kind(app).get("ServiceEntry", {})

    if not outside:
        assert found == {}
        return
    assert found["shop-outside-database"] == {
        "addresses": ["10.1.0.0/16"],
        "exportTo": ["."],
        "hosts": [host],
        "location": "MESH_EXTERNAL",
        "ports": [{"name": "tcp-5432", "number": 5432, "protocol": "TCP"}],
        "resolution": "NONE",
    }
    assert "addresses" not in found["shop-outside-sessions"]
    assert found["shop-outside-sessions"]["ports"][0]["number"] == 6379
    assert found["shop-outside-redis"]["ports"][0]["number"] == 6380


@pytest.mark.parametrize(
    ("host", "network", "egress", "addresses"),
    [
        ("10.0.0.7", None, None, ["10.0.0.7/32"]),
        ("fd00::7", None, None, ["fd00::7/128"]),
        ("10.0.0.7", "10.0.0.0/24", None, ["10.0.0.0/24"]),
        ("mysql.databases", "10.0.0.0/24", None, None),
        # The way out is closed: what NetworkPolicies let through, proxies do, too.
        ("mysql.databases", "10.0.0.0/24", [], ["10.0.0.0/24"]),
        ("mysql.databases", None, [], None),
    ],
)
def test_a_server_without_a_name_of_its_own_is_known_by_its_address(
    host: str, network: str | None, egress: Any, addresses: list[str] | None
) -> None:
    database = {"host": host, **({"network": network} if network else {})}
    app = application(mesh={"istio": {}}, database=database, network={"egress": egress})

    found = _by_kind(app).get("ServiceEntry", {})

    if addresses is None:
        assert found == {}
        return
    assert found["shop-outside-database"]["addresses"] == addresses
    assert found["shop-outside-database"]["hosts"] == ["database.shop.internal"]


def test_a_memcached_outside_has_its_own_port() -> None:
    session = {"driver": "memcached", "store": {"external": {"host": "cache.example.com"}}}

    entries = _by_kind(application(mesh={"istio": {}}, session=session))["ServiceEntry"]

    assert entries["shop-outside-sessions"]["ports"][0]["number"] == 11211


def test_a_closed_way_out_is_closed_in_the_proxy_too() -> None:
    egress = [{"network": "192.0.2.0/24", "ports": [587, 465]}]
    found = _by_kind(application(mesh={"istio": {}}, network={"egress": egress}))

    assert found["Sidecar"]["shop"]["outboundTrafficPolicy"] == {"mode": "REGISTRY_ONLY"}
    entry = found["ServiceEntry"]["shop-egress-0"]
    assert entry["addresses"] == ["192.0.2.0/24"]
    assert [port["number"] for port in entry["ports"]] == [465, 587]
    assert "Sidecar" not in _by_kind(application(mesh={"istio": {}}))


def test_failed_requests_alone_are_written_down() -> None:
    telemetry = _by_kind(application(mesh={"istio": {}}))["Telemetry"]["shop"]

    (log,) = telemetry["accessLogging"]
    assert log["filter"] == {"expression": "has(response.code) && response.code >= 500"}


def test_linkerd_asks_who_connects_to_the_store() -> None:
    found = _by_kind(application(mesh={"linkerd": {}}))

    assert found["Server"] == {
        "shop-sessions": {
            "accessPolicy": "deny",
            "podSelector": {
                "matchLabels": {
                    "app.kubernetes.io/component": "sessions",
                    "app.kubernetes.io/instance": "shop",
                }
            },
            "port": 6379,
            "proxyProtocol": "opaque",
        }
    }
    assert found["MeshTLSAuthentication"]["shop-sessions"]["identityRefs"] == [
        {"kind": "ServiceAccount", "name": "shop"},
        {"kind": "ServiceAccount", "name": "shop-sessions"},
    ]
    policy = found["AuthorizationPolicy"]["shop-sessions"]
    assert policy["targetRef"] == {
        "group": "policy.linkerd.io",
        "kind": "Server",
        "name": "shop-sessions",
    }
    assert policy["requiredAuthenticationRefs"] == [
        {
            "group": "policy.linkerd.io",
            "kind": "MeshTLSAuthentication",
            "name": "shop-sessions",
        }
    ]


@pytest.mark.parametrize(
    ("mesh", "paths"),
    [
        (None, []),
        ({"istio": {}}, []),
        ({"linkerd": {}}, []),
        ({}, [("mesh",)]),
        ({"istio": {}, "linkerd": {}}, [("mesh", "linkerd")]),
        ({"istio": {"mode": "ambient"}}, []),
        ({"istio": {"mode": "ambient", "revision": "x"}}, [("mesh", "istio", "revision")]),
        ({"istio": {"revision": "x"}}, []),
    ],
)
def test_what_is_refused(mesh: Any, paths: list[tuple[str, ...]]) -> None:
    assert [refusal.path for refusal in refusals.refusals(application(mesh=mesh))] == paths


@pytest.mark.parametrize(
    ("spec", "subjects"),
    [
        (
            {"mesh": {"istio": {}}},
            {"proxies of the mesh", "edge and mesh", "version of Istio", "outlier detection"},
        ),
        ({"mesh": {"istio": {"mode": "ambient"}}}, {"waypoint of the mesh", "version of Istio"}),
        ({"mesh": {"linkerd": {}}}, {"proxies of the mesh", "version of Linkerd"}),
        ({"mesh": {"linkerd": {}, "joining": True}}, {"mesh, while joining"}),
        (
            {"mesh": {"istio": {}}, "session": {"store": {"operator": {}}}},
            {"mesh and the operator's Redis"},
        ),
    ],
)
def test_what_was_decided_is_said(spec: Any, subjects: set[str]) -> None:
    said = [decision.subject for decision in policies.decisions(application(**spec))]

    assert subjects <= set(said)
    assert len(said) == len(set(said))


def test_an_edge_in_the_mesh_needs_no_word() -> None:
    edge = {"gateway": {"controller": "istio", "name": "public"}}
    app = application(mesh={"istio": {}}, edge=edge)

    assert "edge and mesh" not in {decision.subject for decision in policies.decisions(app)}


@pytest.mark.parametrize(
    "mesh",
    [{"istio": {}}, {"istio": {"mode": "ambient"}}, {"linkerd": {}}],
    ids=["sidecar", "ambient", "linkerd"],
)
@pytest.mark.parametrize("joining", [False, True])
def test_an_api_server_takes_all_of_it(mesh: Any, joining: bool) -> None:
    app = application(
        mesh=mesh | {"joining": joining},
        monitoring={},
        database={"host": "db.example.com"},
        network={"egress": [{"network": "192.0.2.0/24", "ports": [587, 465]}]},
    )

    assert all_problems(policies.objects(app), app) == []


@pytest.mark.parametrize("mode", ["sidecar", "ambient"])
def test_no_policy_is_about_the_pods_of_the_gateway(mode: str) -> None:
    """Istio gives a Gateway's pods the Gateway's labels."""
    gateway = {"controller": "istio", "className": "istio"}
    egress = [{"network": "192.0.2.0/24", "ports": [587]}]
    app = application(
        mesh={"istio": {"mode": mode}},
        monitoring={},
        edge={"gateway": gateway},
        network={"egress": egress},
    )
    own = next(item for item in entry.objects(app) if item["kind"] == "Gateway")

    chosen = [
        item["spec"][name].get("matchLabels") or item["spec"][name]["labels"]
        for item in policies.objects(app)
        for name in ("selector", "workloadSelector")
        if name in item["spec"]
    ]

    assert len(chosen) >= 4
    for labels_of_pods in chosen:
        assert not labels_of_pods.items() <= own["metadata"]["labels"].items()
