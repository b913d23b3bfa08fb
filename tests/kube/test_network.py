"""Who may connect to whom: the policies are asked as a network plug-in reads them."""

from __future__ import annotations

import ipaddress

import pytest

from holdfast.kube.app import NEWEST, OLDEST
from holdfast.kube.network import policies
from holdfast.kube.refusals.network import refusals
from holdfast.kube.session_store.choice import components
from tests.kube import schemas
from tests.kube.conftest import application

SENTINEL = {"store": {"sentinel": {}}}
OPERATOR = {"store": {"operator": {}}}
WORKERS = [{"name": "mail"}, {"name": "import"}]
EXTERNAL = {"store": {"external": {"host": "r", "network": "10.9.0.0/24"}}}


class Network:
    """What policies let through."""

    def __init__(self, **spec):
        self.app = application(**spec)
        self.policies = list(policies.objects(self.app))

    def ours(self, component):
        labels = {
            "app.kubernetes.io/component": component,
            "app.kubernetes.io/instance": "shop",
        }
        return {"namespace": "here", "labels": labels}

    def enters(self, source, component, port):
        return self._passes("Ingress", "ingress", "from", self.ours(component), source, port)

    def leaves(self, component, target, port):
        return self._passes("Egress", "egress", "to", self.ours(component), target, port)

    def _passes(self, kind, rules, side, pod, other, port):
        about = [
            one
            for one in self.policies
            if kind in one["spec"]["policyTypes"] and takes(one["spec"]["podSelector"], pod)
        ]
        if not about:
            return True
        return any(
            any(peer(one, other) for one in rule.get(side, [None]))
            and any(port == one["port"] for one in rule.get("ports", []))
            for one in about
            for rule in one["spec"].get(rules, [])
        )


def takes(selector, pod):
    labels = pod["labels"]
    equal = selector.get("matchLabels", {}).items() <= labels.items()
    among = all(
        (labels.get(expression["key"]) in expression["values"]) is (expression["operator"] == "In")
        for expression in selector.get("matchExpressions", [])
    )
    return equal and among


def peer(one, other):
    if one is None:
        return True
    if "ipBlock" in one:
        where = ipaddress.ip_network(one["ipBlock"]["cidr"])
        return "address" in other and ipaddress.ip_address(other["address"]) in where
    if "labels" not in other:
        return False
    space = {"labels": {"kubernetes.io/metadata.name": other["namespace"]}}
    if "namespaceSelector" in one:
        inside = takes(one["namespaceSelector"], space)
    else:
        inside = other["namespace"] == "here"
    return inside and takes(one.get("podSelector", {}), other)


def pod(namespace, **labels):
    return {"namespace": namespace, "labels": {k.replace("_", "-"): v for k, v in labels.items()}}


STRANGER = pod("elsewhere")
NEIGHBOUR = pod("here", app="other")
DNS = pod("kube-system", k8s_app="kube-dns")


@pytest.mark.parametrize("session", [{}, SENTINEL, OPERATOR])
@pytest.mark.parametrize("source", [STRANGER, NEIGHBOUR, {"address": "203.0.113.7"}])
def test_strangers_reach_nothing_but_the_web_port(session, source):
    network = Network(session=session, workers=WORKERS, scheduler={}, monitoring={})
    for component in ("web", "worker-mail", "scheduler", "migrate", *components(network.app)):
        for port in (6379, 26379, 9121, 9253, 8404, "metrics", 443):
            assert not network.enters(source, component, port)
    assert not network.enters(source, "worker-mail", 8080)
    assert not network.enters(source, "sessions", 8080)


@pytest.mark.parametrize(
    ("session", "entrance", "closed"),
    [
        ({}, "sessions", []),
        (SENTINEL, "sessions-proxy", ["sessions", "sessions-sentinel"]),
        (OPERATOR, "sessions", ["sessions-sentinel"]),
    ],
)
def test_the_application_reaches_the_store_by_its_entrance_alone(session, entrance, closed):
    network = Network(session=session, workers=WORKERS, scheduler={})
    for client in ("web", "worker-mail", "worker-import", "scheduler", "migrate"):
        assert network.enters(network.ours(client), entrance, 6379)
        for component in closed:
            assert not network.enters(network.ours(client), component, 6379)
            assert not network.enters(network.ours(client), component, 26379)
    for other in ("canary", "edge"):
        assert not network.enters(network.ours(other), entrance, 6379)
    elsewhere = network.ours("web") | {"namespace": "elsewhere"}
    assert not network.enters(elsewhere, entrance, 6379)


def test_without_a_scheduler_and_migrations_nothing_comes_from_them():
    network = Network(migrations=None)
    for client in ("scheduler", "migrate", "worker-mail"):
        assert not network.enters(network.ours(client), "sessions", 6379)


@pytest.mark.parametrize(
    ("one", "other", "port"),
    [
        ("sessions", "sessions", 6379),
        ("sessions", "sessions-sentinel", 26379),
        ("sessions-sentinel", "sessions", 6379),
        ("sessions-sentinel", "sessions-sentinel", 26379),
        ("sessions-proxy", "sessions", 6379),
    ],
)
def test_the_parts_of_a_replication_reach_each_other(one, other, port):
    network = Network(session=SENTINEL)
    assert network.enters(network.ours(one), other, port)
    assert network.leaves(one, network.ours(other), port)
    assert network.leaves(one, DNS, 53)
    assert network.leaves(one, {"address": "169.254.20.10"}, 53)


@pytest.mark.parametrize("session", [{}, SENTINEL, OPERATOR])
def test_the_store_reaches_nothing_else(session):
    network = Network(session=session)
    for component in components(network.app):
        for target in (STRANGER, NEIGHBOUR, {"address": "203.0.113.7"}, network.ours("web")):
            for port in (53, 80, 443, 6379):
                assert not network.leaves(component, target, port)
    assert not network.leaves("sessions-proxy", network.ours("sessions-sentinel"), 26379) or (
        session != SENTINEL
    )


def test_one_redis_alone_asks_nobody():
    assert not Network().leaves("sessions", DNS, 53)


def test_the_operator_reaches_what_it_runs_wherever_it_is():
    network = Network(session=OPERATOR)
    operator = pod("operators", name="redis-operator")
    assert network.enters(operator, "sessions", 6379)
    assert network.enters(operator, "sessions-sentinel", 26379)
    assert not network.enters(pod("operators", name="other"), "sessions", 6379)
    assert not Network(session=SENTINEL).enters(operator, "sessions", 6379)


GATEWAY_LABEL = {"gateway.networking.k8s.io/gateway-name": "front"}


def gateway(controller, **more):
    return {"gateway": {"controller": controller, **more}}


@pytest.mark.parametrize(
    ("edge", "allowed", "refused"),
    [
        ({"ingress": {"controller": "nginx"}}, pod("ingress-nginx"), STRANGER),
        ({"ingress": {"controller": "traefik"}}, pod("traefik"), STRANGER),
        ({"ingress": {"controller": "haproxy"}}, pod("haproxy-controller"), NEIGHBOUR),
        (
            {"ingress": {"controller": "nginx"}, "namespace": "edge"},
            pod("edge"),
            pod("ingress-nginx"),
        ),
        ({"namespace": "edge"}, pod("edge"), STRANGER),
        (gateway("envoy-gateway"), pod("envoy-gateway-system"), STRANGER),
        (gateway("traefik"), pod("traefik"), STRANGER),
        (
            gateway("istio", name="front", namespace="edge"),
            {"namespace": "edge", "labels": GATEWAY_LABEL},
            pod("edge"),
        ),
        (
            gateway("nginx", name="front"),
            {"namespace": "here", "labels": GATEWAY_LABEL},
            {"namespace": "edge", "labels": GATEWAY_LABEL},
        ),
        (
            gateway("istio"),
            {
                "namespace": "here",
                "labels": {"gateway.networking.k8s.io/gateway-name": "shop"},
            },
            NEIGHBOUR,
        ),
        ({}, STRANGER, None),
        ({"ingress": {"controller": "alb"}}, {"address": "10.0.3.4"}, None),
        (
            {"ingress": {"controller": "alb"}, "trustedProxies": ["10.0.0.0/16"]},
            {"address": "10.0.3.4"},
            {"address": "10.1.3.4"},
        ),
        (gateway("cilium"), {"address": "10.0.3.4"}, None),
        (gateway("other"), STRANGER, None),
    ],
)
def test_requests_come_from_the_edge(edge, allowed, refused):
    network = Network(edge=edge)
    assert network.enters(allowed, "web", 8080)
    assert not network.enters(allowed, "web", 9000)
    assert not network.enters(allowed, "sessions", 6379)
    if refused is not None:
        assert not network.enters(refused, "web", 8080)
    [said] = [d for d in policies.decisions(network.app) if d.subject.endswith("web pods")]
    assert said.choice.startswith("everybody") is (refused is None)


def test_pods_of_a_gateway_with_our_labels_stay_open():
    network = Network(edge=gateway("istio"), monitoring={})
    assert network.enters(STRANGER, "edge", 443)
    assert not network.enters(STRANGER, "anything-else", 443)


def test_the_port_is_the_one_that_is_asked_for():
    network = Network(web={"port": 9000})
    assert network.enters(STRANGER, "web", 9000)
    assert not network.enters(STRANGER, "web", 8080)


@pytest.mark.parametrize("session", [{}, SENTINEL, OPERATOR])
def test_prometheus_reads_metrics_and_nothing_else(session):
    network = Network(session=session, monitoring={"namespace": "watch"})
    prometheus = pod("watch")
    for component in ("web", "sessions"):
        assert network.enters(prometheus, component, "metrics")
    assert network.enters(prometheus, "sessions", 9121)
    assert not network.enters(prometheus, "sessions", 6379)
    assert not network.enters(pod("monitoring"), "sessions", 9121)
    assert not Network(session=session).enters(prometheus, "sessions", 9121)


@pytest.mark.parametrize(
    ("mesh", "port", "metrics"),
    [
        ({"istio": {}}, 15008, 15020),
        ({"istio": {"mode": "ambient"}}, 15008, 15008),
        ({"linkerd": {}}, 4143, 4191),
    ],
)
def test_a_mesh_comes_in_by_a_port_of_its_own(mesh, port, metrics):
    network = Network(
        mesh=mesh,
        session=SENTINEL,
        edge={"ingress": {"controller": "nginx"}},
        monitoring={},
        network={"egress": []},
    )
    web = network.ours("web")
    assert network.enters(web, "sessions-proxy", port)
    assert network.leaves("web", network.ours("sessions-proxy"), port)
    assert network.leaves("sessions-proxy", network.ours("sessions"), port)
    assert network.enters(pod("ingress-nginx"), "web", port)
    assert not network.enters(STRANGER, "sessions-proxy", port)
    assert network.enters(pod("monitoring"), "sessions", metrics)


def test_ambient_probes_come_from_an_address_of_the_mesh():
    network = Network(mesh={"istio": {"mode": "ambient"}})
    [probes] = [one for one in network.policies if one["metadata"]["name"] == "shop-probes"]
    [rule] = probes["spec"]["ingress"]
    assert "ports" not in rule
    assert rule["from"][0] == {"ipBlock": {"cidr": "169.254.7.127/32"}}
    assert not [p for p in Network().policies if p["metadata"]["name"] == "shop-probes"]


@pytest.mark.parametrize(
    ("mesh", "target", "port"),
    [({"istio": {}}, pod("istio-system"), 15012)],
)
def test_proxies_in_closed_pods_reach_their_control_plane(mesh, target, port):
    network = Network(mesh=mesh, network={"egress": []})
    for component in ("web", "sessions"):
        assert network.leaves(component, target, port)
        assert network.leaves(component, DNS, 53)
    assert not Network(network={"egress": []}).leaves("web", target, port)


def test_the_application_connects_anywhere_unless_it_is_closed():
    assert Network().leaves("web", {"address": "203.0.113.7"}, 443)
    assert [d for d in policies.decisions(Network().app) if d.choice == "anywhere"]


def test_closed_it_reaches_what_the_specification_names():
    network = Network(
        session=EXTERNAL | {"store": {**EXTERNAL["store"], "variables": "SESSION_REDIS"}},
        redis={"external": {"host": "j", "port": 6380, "network": "10.8.0.0/24"}},
        database={"driver": "pgsql", "host": "db", "network": "10.7.0.5/24"},
        workers=WORKERS,
        network={"egress": [{"network": "198.51.100.0/24", "ports": [443, 587]}]},
    )
    for client in ("web", "worker-mail", "migrate"):
        for address, port in (
            ("10.9.0.7", 6379),
            ("10.8.0.7", 6380),
            ("10.7.0.9", 5432),
            ("198.51.100.1", 443),
            ("198.51.100.1", 587),
        ):
            assert network.leaves(client, {"address": address}, port)
        assert network.leaves(client, DNS, 53)
        for address, port in (("10.9.0.7", 5432), ("203.0.113.7", 443), ("198.51.100.1", 25)):
            assert not network.leaves(client, {"address": address}, port)
        for place in ("10.9.0.7", "10.8.0.7", "10.7.0.9", "198.51.100.1"):
            assert not network.leaves(client, {"address": place}, 22)
        assert not network.leaves(client, DNS, 22)
    assert not [d for d in policies.decisions(network.app) if d.choice == "anywhere"]


@pytest.mark.parametrize(("session", "entrance"), [({}, "sessions"), (SENTINEL, "sessions-proxy")])
def test_closed_it_reaches_the_store(session, entrance):
    network = Network(session=session, network={"egress": []})
    assert network.leaves("web", network.ours(entrance), 6379)
    assert not network.leaves("web", network.ours(entrance), 22)
    assert not network.leaves("web", network.ours("worker-x"), 6379)
    ports = {
        one["port"]
        for policy in network.policies
        if policy["metadata"]["name"] == "shop-egress"
        for rule in policy["spec"]["egress"]
        for one in rule["ports"]
    }
    assert ports == {53, 6379}


REFUSED = [
    ({"session": {"store": {"external": {"host": "r"}}}}, "session.store.external"),
    (
        {"session": {"driver": "memcached", "store": {"external": {"host": "m"}}}},
        "session.store.external",
    ),
    ({"database": {"host": "db"}}, "database"),
    ({"redis": {"external": {"host": "j"}}}, "redis.external"),
    ({"database": {"host": "db", "network": "10.0.0.0/99"}}, "database.network"),
]


@pytest.mark.parametrize(("spec", "path"), REFUSED)
def test_a_server_that_could_not_be_reached_is_refused(spec, path):
    [refusal] = refusals(application(**spec, network={"egress": []}))
    assert ".".join(refusal.path) == path


def test_a_network_that_is_none_is_refused():
    closed = {"egress": [{"network": "10.0.0.0/8", "ports": [1]}, {"network": ":/1", "ports": [1]}]}
    [refusal] = refusals(application(network=closed))
    assert refusal.path == ("network", "egress", 1, "network")


@pytest.mark.parametrize(
    "spec", [{}, {"database": {"host": "db"}}, {"session": {"store": {"external": {"host": "r"}}}}]
)
def test_an_open_application_need_not_say_where_its_servers_are(spec):
    assert list(refusals(application(**spec))) == []


@pytest.mark.parametrize("minor", [OLDEST, NEWEST])
@pytest.mark.parametrize("session", [{}, SENTINEL, OPERATOR, EXTERNAL])
@pytest.mark.parametrize("mesh", [None, {"istio": {"mode": "ambient"}}, {"linkerd": {}}])
def test_an_api_server_takes_them(session, mesh, minor):
    closed = {"egress": [{"network": "10.0.0.7/8", "ports": [443]}]}
    app = application(session=session, mesh=mesh, monitoring={}, network=closed, kubernetes=minor)
    for one in policies.objects(app):
        assert schemas.problems(one, minor, app) == []
