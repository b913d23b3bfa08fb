"""Gateway API, by version, channel and controller."""

from __future__ import annotations

from itertools import product

import pytest

from holdfast.kube.edge import entry
from holdfast.kube.edge.persistence import duration
from holdfast.kube.refusals.gather import refusals
from tests.kube.audited import EDGES, findings, rendered
from tests.kube.conftest import application
from tests.kube.schemas import all_problems

VERSIONS = ("1.2", "1.5", "1.6")
CONTROLLERS = ("envoy-gateway", "istio", "cilium", "nginx", "traefik", "other")
THERE = {"name": "public", "namespace": "edge", "section": "https"}


def behind(gateway, *, tls=None, **spec):
    """An application behind a Gateway."""
    return application(edge={"gateway": gateway} | ({"tls": tls} if tls else {}), **spec)


def own(controller="other", **fields):
    return {"controller": controller, "className": "edge"} | fields


def of(app, kind, name=None):
    found = [
        one
        for one in rendered(app)
        if one["kind"] == kind and name in (None, one["metadata"]["name"])
    ]
    assert len(found) == 1
    return found[0]


def test_a_gateway_of_its_own():
    app = behind(own())
    assert of(app, "Gateway")["spec"] == {
        "gatewayClassName": "edge",
        "infrastructure": {"labels": {"app.kubernetes.io/managed-by": "holdfast"}},
        "listeners": [
            {
                "allowedRoutes": {"namespaces": {"from": "Same"}},
                "name": "http",
                "port": 80,
                "protocol": "HTTP",
            },
            {
                "allowedRoutes": {"namespaces": {"from": "Same"}},
                "name": "https",
                "port": 443,
                "protocol": "HTTPS",
                "tls": {
                    "certificateRefs": [{"kind": "Secret", "name": "shop-tls"}],
                    "mode": "Terminate",
                },
            },
        ],
    }
    assert not any(one["kind"] in ("Certificate", "Ingress") for one in rendered(app))


def test_plain_http_is_redirected():
    spec = of(behind(own()), "HTTPRoute", "shop-redirect")["spec"]
    assert spec["parentRefs"] == [{"name": "shop", "sectionName": "http"}]
    [rule] = spec["rules"]
    assert rule == {
        "filters": [
            {
                "type": "RequestRedirect",
                "requestRedirect": {"scheme": "https", "statusCode": 301},
            }
        ]
    }


def test_the_route():
    app = behind(own(), web={"longestRequest": 90}, aliases=["www.example.com"])
    spec = of(app, "HTTPRoute", "shop")["spec"]
    assert spec["hostnames"] == ["shop.example.com", "www.example.com"]
    assert spec["parentRefs"] == [{"name": "shop", "sectionName": "https"}]
    [rule] = spec["rules"]
    assert rule["backendRefs"] == [{"name": "shop-web", "port": 80}]
    assert rule["matches"] == [{"path": {"type": "PathPrefix", "value": "/"}}]
    assert rule["timeouts"] == {"request": "1m35s"}
    assert "sessionPersistence" not in rule
    assert "retry" not in rule


def test_a_host_that_a_client_invents_does_not_come_in():
    [rule] = of(behind(own()), "HTTPRoute", "shop")["spec"]["rules"]
    assert rule["filters"] == [
        {
            "type": "RequestHeaderModifier",
            "requestHeaderModifier": {"remove": ["X-Forwarded-Host", "X-Forwarded-Prefix"]},
        }
    ]


def test_the_certificate_is_an_object_of_its_own():
    app = behind(own(), tls={"issuer": "letsencrypt"}, aliases=["www.example.com"])
    assert of(app, "Certificate")["spec"] == {
        "dnsNames": ["shop.example.com", "www.example.com"],
        "issuerRef": {
            "group": "cert-manager.io",
            "kind": "ClusterIssuer",
            "name": "letsencrypt",
        },
        "secretName": "shop-tls",
    }


def test_a_gateway_that_is_there():
    app = behind(THERE)
    edge = [one["kind"] for one in entry.objects(app)]
    assert edge == ["HTTPRoute"]
    assert of(app, "HTTPRoute")["spec"]["parentRefs"] == [
        {"name": "public", "namespace": "edge", "sectionName": "https"}
    ]


def test_traefiks_listeners_have_the_ports_of_its_entry_points():
    listeners = of(behind(own("traefik")), "Gateway")["spec"]["listeners"]
    assert [one["port"] for one in listeners] == [8000, 8443]


@pytest.mark.parametrize(
    ("controller", "version"), list(product(("envoy-gateway", "cilium"), VERSIONS))
)
def test_persistence(controller, version):
    gateway = own(controller, version=version, channel="experimental")
    app = behind(gateway, session={"affinity": {"cookie": "at"}, "lifetime": 90})
    assert list(refusals(app)) == []
    [rule] = of(app, "HTTPRoute", "shop")["spec"]["rules"]
    assert rule["sessionPersistence"] == {
        "absoluteTimeout": "1h30m",
        "cookieConfig": {"lifetimeType": "Permanent"},
        "sessionName": "at",
        "type": "Cookie",
    }
    assert all_problems(rendered(app), app) == []
    assert findings(rendered(app), rules=EDGES) == []


def test_istio_reads_the_services_label():
    app = behind(own("istio"), session={"affinity": {"cookie": "at"}})
    assert list(refusals(app)) == []
    [rule] = of(app, "HTTPRoute", "shop")["spec"]["rules"]
    assert "sessionPersistence" not in rule
    service = of(app, "Service", "shop-web")
    assert service["metadata"]["labels"]["istio.io/persistent-session"] == "at"
    assert "istio.io/persistent-session" not in service["spec"]["selector"]
    [said] = [one for one in entry.decisions(app) if one.subject == "affinity cookie"]
    assert "PILOT_ENABLE_PERSISTENT_SESSION_FILTER" in said.choice


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_without_affinity_nothing_is_sticky(controller):
    app = behind(own(controller, channel="experimental"))
    assert "sessionPersistence" not in of(app, "HTTPRoute", "shop")["spec"]["rules"][0]
    assert "istio.io/persistent-session" not in of(app, "Service", "shop-web")["metadata"]["labels"]


@pytest.mark.parametrize(
    ("version", "channel", "controller", "there"),
    list(product(VERSIONS, ("standard", "experimental"), CONTROLLERS, (False, True))),
)
def test_an_api_server_takes_it(version, channel, controller, there):
    which = THERE if there else {"className": "edge"}
    gateway = which | {"controller": controller, "version": version, "channel": channel}
    app = behind(gateway, tls=None if there else {"issuer": "letsencrypt"})
    assert list(refusals(app)) == []
    edge = list(entry.objects(app))
    assert all_problems(edge, app, minors=(31,)) == []


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_check_finds_nothing(controller):
    assert findings(rendered(behind(own(controller))), rules=EDGES) == []
    assert findings(rendered(behind(THERE | {"controller": controller})), rules=EDGES) == []


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0s"), (35, "35s"), (60, "1m"), (3661, "1h1m1s"), (525_600 * 60, "8760h")],
)
def test_durations(seconds, written):
    assert duration(seconds) == written


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_decisions(controller):
    subjects = [one.subject for one in entry.decisions(behind(own(controller)))]
    assert {"certificate", "gateway", "paths", "trusted proxies"} <= set(subjects)
    assert len(subjects) == len(set(subjects))
    assert ("gateway controller" in subjects) is (
        controller in ("envoy-gateway", "nginx", "traefik")
    )
