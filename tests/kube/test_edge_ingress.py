"""An Ingress in the words of each controller."""

from __future__ import annotations

from itertools import product

import pytest

from holdfast.kube.edge import entry
from holdfast.kube.refusals.gather import refusals
from tests.kube.audited import EDGES, findings, rendered
from tests.kube.conftest import application
from tests.kube.schemas import all_problems

ALB = {"edge": {"ingress": {"controller": "alb"}, "trustedProxies": ["10.9.0.0/16"]}} | {
    "web": {"drain": 30}
}


def ingress_of(app):
    [ingress] = [one for one in rendered(app) if one["kind"] == "Ingress"]
    return ingress


def service_of(app):
    [service] = [
        one
        for one in rendered(app)
        if one["kind"] == "Service" and one["metadata"]["name"] == "shop-web"
    ]
    return service


def behind(controller, **spec):
    """An application behind an Ingress of that controller."""
    if controller == "alb":
        web = ALB["web"] | spec.pop("web", {})
        return application(**{**ALB, **spec, "web": web})
    edge = {"ingress": {"controller": controller}} | spec.pop("edge", {})
    return application(edge=edge, **spec)


def words(app, prefix):
    """The annotations of a controller, without their prefix."""
    said = ingress_of(app)["metadata"].get("annotations", {})
    return {name.removeprefix(prefix): value for name, value in said.items()}


CONTROLLERS = ("any", "nginx", "traefik", "haproxy", "alb")


def test_nothing_said_is_an_ingress_of_the_default_class():
    ingress = ingress_of(application())
    assert ingress["spec"] == {
        "tls": [{"hosts": ["shop.example.com"], "secretName": "shop-tls"}],
        "rules": [
            {
                "host": "shop.example.com",
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "shop-web", "port": {"name": "http"}}},
                        }
                    ]
                },
            }
        ],
    }
    assert "annotations" not in ingress["metadata"]


@pytest.mark.parametrize(
    ("controller", "name"),
    [("nginx", "nginx"), ("traefik", "traefik"), ("haproxy", "haproxy"), ("alb", "alb")],
)
def test_each_has_its_usual_class(controller, name):
    assert ingress_of(behind(controller))["spec"]["ingressClassName"] == name


def test_another_class_may_be_named():
    app = application(edge={"ingress": {"controller": "nginx", "className": "inner"}})
    assert ingress_of(app)["spec"]["ingressClassName"] == "inner"


def test_all_hosts_have_tls_and_lead_to_the_web_pods():
    app = application(aliases=["www.example.com", "shop.example.org"])
    spec = ingress_of(app)["spec"]
    hosts = ["shop.example.com", "www.example.com", "shop.example.org"]
    assert spec["tls"][0]["hosts"] == hosts
    assert [rule["host"] for rule in spec["rules"]] == hosts
    first, second, _ = spec["rules"]
    assert first["http"] == second["http"]
    assert first["http"] is not second["http"]


def test_the_certificate():
    app = application(edge={"tls": {"issuer": "letsencrypt", "secretName": "own"}})
    ingress = ingress_of(app)
    assert ingress["metadata"]["annotations"] == {"cert-manager.io/cluster-issuer": "letsencrypt"}
    assert ingress["spec"]["tls"][0]["secretName"] == "own"


def test_nginx():
    app = behind("nginx", web={"longestRequest": 120, "maxBody": "20Mi"})
    assert words(app, "nginx.ingress.kubernetes.io/") == {
        "force-ssl-redirect": "true",
        "proxy-body-size": "20971520",
        "proxy-buffer-size": "16k",
        "proxy-next-upstream": "error",
        "proxy-read-timeout": "125",
        "proxy-send-timeout": "125",
    }


def test_nginx_affinity():
    session = {"affinity": {"cookie": "at"}, "lifetime": 600, "sameSite": "none"}
    said = words(behind("nginx", session=session), "nginx.ingress.kubernetes.io/")
    sticky = {name: value for name, value in said.items() if "cookie" in name or "aff" in name}
    assert sticky == {
        "affinity": "cookie",
        "affinity-mode": "persistent",
        "session-cookie-change-on-failure": "true",
        "session-cookie-max-age": "36000",
        "session-cookie-name": "at",
        "session-cookie-path": "/",
        "session-cookie-samesite": "None",
        "session-cookie-secure": "true",
    }


def test_traefik_serves_nothing_in_the_clear():
    assert words(behind("traefik"), "traefik.ingress.kubernetes.io/") == {
        "router.entrypoints": "websecure",
        "router.tls": "true",
    }


def test_traefik_affinity_is_the_services():
    app = behind("traefik", session={"affinity": {"seconds": 86400}})
    sticky = "traefik.ingress.kubernetes.io/service.sticky.cookie"
    assert service_of(app)["metadata"]["annotations"] == {
        sticky: "true",
        f"{sticky}.httponly": "true",
        f"{sticky}.maxage": "86400",
        f"{sticky}.name": "route",
        f"{sticky}.samesite": "lax",
        f"{sticky}.secure": "true",
    }
    assert not any("sticky" in name for name in ingress_of(app)["metadata"]["annotations"])


def test_haproxy():
    app = behind("haproxy", session={"affinity": {"cookie": "at"}})
    assert words(app, "haproxy.org/") == {
        "forwarded-for": "true",
        "request-set-header": "X-Forwarded-Host %[req.hdr(host)]",
        "ssl-redirect": "true",
        "ssl-redirect-port": "443",
        "timeout-server": "35s",
    }
    assert service_of(app)["metadata"]["annotations"] == {"haproxy.org/cookie-persistence": "at"}


@pytest.mark.parametrize("session", [{}, {"affinity": {}}])
def test_haproxys_cookie_is_said_to_end_with_the_browser(session):
    said = [
        one
        for one in entry.decisions(behind("haproxy", session=session))
        if one.subject == "affinity cookie"
    ]
    assert [one.choice for one in said] == ["until the browser is closed"] * len(session)


def test_alb():
    app = behind("alb", web={"longestRequest": 90})
    assert words(app, "alb.ingress.kubernetes.io/") == {
        "healthcheck-interval-seconds": "10",
        "healthcheck-path": "/up",
        "healthcheck-timeout-seconds": "5",
        "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
        "load-balancer-attributes": "idle_timeout.timeout_seconds=95",
        "scheme": "internet-facing",
        "ssl-redirect": "443",
        "success-codes": "200-299",
        "target-group-attributes": "deregistration_delay.timeout_seconds=95",
        "target-type": "ip",
    }
    assert ingress_of(app)["spec"]["tls"] == [{"hosts": ["shop.example.com"]}]


def test_alb_waits_no_shorter_than_it_does_by_itself():
    said = words(behind("alb", web={"longestRequest": 5}), "alb.ingress.kubernetes.io/")
    assert said["load-balancer-attributes"] == "idle_timeout.timeout_seconds=60"
    assert said["target-group-attributes"] == "deregistration_delay.timeout_seconds=10"


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ({"laravel": 11}, "/up"),
        ({"laravel": 10}, "/php-health"),
        ({"laravel": 10, "web": {"health": "/alive"}}, "/alive"),
    ],
)
def test_alb_asks_what_the_readiness_probe_asks(spec, path):
    app = behind("alb", **spec)
    [deployment] = [
        one
        for one in rendered(app)
        if one["kind"] == "Deployment" and one["metadata"]["name"] == "shop-web"
    ]
    [probe] = [
        container["readinessProbe"]["httpGet"]["path"]
        for container in deployment["spec"]["template"]["spec"]["containers"]
        if "readinessProbe" in container
    ]
    assert words(app, "alb.ingress.kubernetes.io/")["healthcheck-path"] == path == probe


@pytest.mark.parametrize(
    ("lifetime", "seconds"), [(120, 7200), (10_080, 604_800), (20_000, 604_800)]
)
def test_alb_affinity(lifetime, seconds):
    app = behind("alb", session={"affinity": {}, "lifetime": lifetime})
    said = words(app, "alb.ingress.kubernetes.io/")["target-group-attributes"]
    assert said.split(",")[1:] == [
        "stickiness.enabled=true",
        f"stickiness.lb_cookie.duration_seconds={seconds}",
        "stickiness.type=lb_cookie",
    ]
    asked = [one for one in entry.decisions(app) if one.subject == "affinity cookie"]
    assert bool(asked) is (seconds < lifetime * 60)


def test_more_annotations():
    own = {"alb.ingress.kubernetes.io/scheme": "internal", "example.com/team": "shop"}
    ingress = {"controller": "alb", "annotations": own}
    app = application(**{**ALB, "edge": ALB["edge"] | {"ingress": ingress}})
    assert list(refusals(app)) == []
    said = ingress_of(app)["metadata"]["annotations"]
    assert said["alb.ingress.kubernetes.io/scheme"] == "internal"
    assert said["example.com/team"] == "shop"
    assert said["alb.ingress.kubernetes.io/target-type"] == "ip"


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_without_affinity_nothing_is_sticky(controller):
    app = behind(controller)
    said = {
        **ingress_of(app)["metadata"].get("annotations", {}),
        **service_of(app)["metadata"].get("annotations", {}),
    }
    for word in ("affinity", "cookie", "sticki", "sticky"):
        assert not any(word in f"{name}={value}" for name, value in said.items())
    assert service_of(app)["spec"].get("sessionAffinity") is None


@pytest.mark.parametrize(
    ("controller", "affinity", "laravel"),
    [one for one in product(CONTROLLERS, (None, {}), (8, 10, 13)) if one[:2] != ("any", {})],
)
def test_an_api_server_takes_it_and_check_finds_nothing(controller, affinity, laravel):
    session = {} if affinity is None else {"affinity": affinity}
    app = behind(controller, session=session, laravel=laravel, aliases=["www.example.com"])
    assert list(refusals(app)) == []
    assert all_problems(rendered(app), app) == []
    assert findings(rendered(app), laravel=laravel, rules=EDGES) == []


@pytest.mark.parametrize("controller", CONTROLLERS)
def test_decisions_say_what_is_not_in_manifests(controller):
    subjects = [one.subject for one in entry.decisions(behind(controller))]
    assert {"certificate", "ingress", "paths", "trusted proxies"} <= set(subjects)
    assert len(subjects) == len(set(subjects))


def test_affinity_is_said_to_be_a_hint():
    [said] = [
        one
        for one in entry.decisions(behind("nginx", session={"affinity": {}}))
        if one.subject == "affinity"
    ]
    assert "route" in said.choice
    assert "not a session store" in said.because
