"""What is refused of edges and of affinity, each with its way out."""

from __future__ import annotations

import pytest

from holdfast.kube.refusals.edge import refusals
from tests.kube.conftest import application

ALB = {"ingress": {"controller": "alb"}, "trustedProxies": ["10.9.0.0/16"]}
OWN = {"className": "edge"}
THERE = {"name": "public", "section": "https"}
AFFINITY = {"affinity": {}}


def affinity(**fields):
    return {"session": {"affinity": fields}}


def ingress(controller, **fields):
    return {"edge": {"ingress": {"controller": controller} | fields}}


def gateway(controller, **fields):
    return {"edge": {"gateway": OWN | {"controller": controller} | fields}}


REFUSED = {
    "both": (
        {"edge": {"ingress": {}, "gateway": OWN}},
        ("edge", "gateway"),
        "either",
    ),
    "an alias twice": (
        {"aliases": ["a.example.com", "a.example.com"]},
        ("aliases", 1),
        "there already",
    ),
    "the host as an alias": (
        {"aliases": ["shop.example.com"]},
        ("aliases", 0),
        "there already",
    ),
    "everybody is believed": (
        {"edge": {"trustedProxies": ["10.0.0.0/8", "0.0.0.0/0"]}},
        ("edge", "trustedProxies", 1),
        "whoever connects",
    ),
    "everybody of IPv6": (
        {"edge": {"trustedProxies": ["::/0"]}},
        ("edge", "trustedProxies", 0),
        "whoever connects",
    ),
    "a Gateway of no class and no name": (
        {"edge": {"gateway": {}}},
        ("edge", "gateway"),
        "neither",
    ),
    "a section of no Gateway": (
        {"edge": {"gateway": OWN | {"section": "https"}}},
        ("edge", "gateway", "section"),
        "none is named",
    ),
    "a namespace of no Gateway": (
        {"edge": {"gateway": OWN | {"namespace": "edge"}}},
        ("edge", "gateway", "namespace"),
        "none is named",
    ),
    "a class for a Gateway that is there": (
        {"edge": {"gateway": THERE | OWN}},
        ("edge", "gateway", "className"),
        "has a class already",
    ),
    "any listener": ({"edge": {"gateway": {"name": "public"}}}, ("edge", "gateway"), "plain HTTP"),
    "an issuer for somebody else's Gateway": (
        {"edge": {"gateway": THERE, "tls": {"issuer": "letsencrypt"}}},
        ("edge", "tls", "issuer"),
        "Gateway that is there",
    ),
    "a Secret for somebody else's Gateway": (
        {"edge": {"gateway": THERE, "tls": {"secretName": "own"}}},
        ("edge", "tls", "secretName"),
        "Gateway that is there",
    ),
    "an annotation of ours": (
        ingress("nginx", annotations={"nginx.ingress.kubernetes.io/proxy-body-size": "1m"}),
        ("edge", "ingress", "annotations", "nginx.ingress.kubernetes.io/proxy-body-size"),
        "follows from other parts",
    ),
    "an issuer by annotation": (
        ingress("any", annotations={"cert-manager.io/cluster-issuer": "letsencrypt"}),
        ("edge", "ingress", "annotations", "cert-manager.io/cluster-issuer"),
        "follows from other parts",
    ),
    "affinity by annotation": (
        ingress("any", annotations={"nginx.ingress.kubernetes.io/affinity": "cookie"}),
        ("edge", "ingress", "annotations", "nginx.ingress.kubernetes.io/affinity"),
        "affinity",
    ),
    "a hash by annotation": (
        ingress("nginx", annotations={"nginx.ingress.kubernetes.io/upstream-hash-by": "$host"}),
        ("edge", "ingress", "annotations", "nginx.ingress.kubernetes.io/upstream-hash-by"),
        "affinity",
    ),
    "cert-manager for a load balancer": (
        {"edge": ALB | {"tls": {"issuer": "letsencrypt"}}, "web": {"drain": 30}},
        ("edge", "tls", "issuer"),
        "no Secret",
    ),
    "a Secret for a load balancer": (
        {"edge": ALB | {"tls": {"secretName": "own"}}, "web": {"drain": 30}},
        ("edge", "tls", "secretName"),
        "no Secret",
    ),
    "a load balancer of no network": (
        {"edge": {"ingress": {"controller": "alb"}}, "web": {"drain": 30}},
        ("edge", "trustedProxies"),
        "VPC",
    ),
    "a load balancer that is not waited for": (
        {"edge": ALB, "web": {"drain": 29}},
        ("web", "drain"),
        "502",
    ),
    "a request that outlasts the load balancer": (
        {"edge": ALB, "web": {"drain": 30, "longestRequest": 3996}},
        ("web", "longestRequest"),
        "4000 s",
    ),
    "affinity of a controller that is not known": (
        affinity(),
        ("session", "affinity"),
        "not known",
    ),
    "affinity of a Gateway that is not known": (
        gateway("other", channel="experimental") | affinity(),
        ("session", "affinity"),
        "nobody knows",
    ),
    "affinity of Traefik's Gateway": (
        gateway("traefik", channel="experimental") | affinity(),
        ("session", "affinity"),
        "Traefik ignores",
    ),
    "affinity of NGINX Gateway Fabric": (
        gateway("nginx", channel="experimental") | affinity(),
        ("session", "affinity"),
        "Plus",
    ),
    "affinity of the standard channel": (
        gateway("envoy-gateway") | affinity(),
        ("session", "affinity"),
        "experimental",
    ),
    "affinity behind Linkerd": (
        ingress("nginx") | {"mesh": {"linkerd": {}}} | affinity(),
        ("session", "affinity"),
        "Linkerd",
    ),
    "a cookie that ends before the session": (
        ingress("nginx") | affinity(seconds=7199),
        ("session", "affinity", "seconds"),
        "before the session",
    ),
    "a lifetime at HAProxy": (
        ingress("haproxy") | affinity(seconds=7200),
        ("session", "affinity", "seconds"),
        "HAProxy",
    ),
    "a lifetime at Istio's Gateway": (
        gateway("istio") | affinity(seconds=7200),
        ("session", "affinity", "seconds"),
        "Istio",
    ),
    "another name than AWSALB": (
        {"edge": ALB, "web": {"drain": 30}} | affinity(cookie="at"),
        ("session", "affinity", "cookie"),
        "AWSALB",
    ),
    "a name that is no label": (
        gateway("istio") | affinity(cookie="-at"),
        ("session", "affinity", "cookie"),
        "label",
    ),
}

TAKEN = {
    "nothing": {},
    "a cookie as long as the session": ingress("nginx") | affinity(seconds=7200),
    "AWSALB": {"edge": ALB, "web": {"drain": 30, "longestRequest": 3995}}
    | affinity(cookie="AWSALB"),
    "Istio's label": gateway("istio") | affinity(cookie="at"),
    "a listener": {"edge": {"gateway": THERE}},
    "an annotation that may be another": ingress(
        "traefik",
        annotations={"traefik.ingress.kubernetes.io/router.entrypoints": "inner"},
    ),
    "a network": {"edge": {"trustedProxies": ["10.0.0.0/8"]}},
    "Istio's mesh behind nginx": ingress("nginx") | {"mesh": {"istio": {}}} | affinity(),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case):
    spec, path, reason = REFUSED[case]
    [refusal] = refusals(application(**spec))
    assert refusal.path == path
    assert reason in refusal.reason
    assert refusal.way_out
    assert not refusal.reason.endswith(".")


@pytest.mark.parametrize("case", TAKEN)
def test_taken(case):
    assert list(refusals(application(**TAKEN[case]))) == []


def test_affinity_is_not_needed_says_the_way_out():
    [refusal] = refusals(application(session=AFFINITY))
    assert "no session needs it" in refusal.way_out
