"""What is refused of the edge."""

from __future__ import annotations

import re
from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.edge import alb, choice
from holdfast.kube.edge.ingress import CONTROLLERS
from holdfast.kube.refusals import affinity
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.spec.edge import Gateway, Ingress
from holdfast.kube.timing import SPARE

_EVERYBODY = re.compile(r"[0:.]+/0+")
_STICKY = ("affinity", "session-cookie", "sticky", "cookie-persistence", "upstream-hash-by")


def refusals(app: App) -> Iterator[Refusal]:
    """All of the edge, and of the affinity that it cannot give."""
    edge = app.spec.edge
    if edge.ingress is not None and edge.gateway is not None:
        yield Refusal(
            ("edge", "gateway"),
            "an Ingress and a Gateway are both asked for, and users would come in by either",
            "one of edge.ingress and edge.gateway",
        )
    yield from _hosts(app)
    for index, network in enumerate(edge.trusted_proxies):
        if _EVERYBODY.fullmatch(network):
            yield Refusal(
                ("edge", "trustedProxies", index),
                "whoever connects would be believed, and choose address and host himself",
                "the network of the edge's pods or load balancer",
            )
    if (gateway := choice.gateway(app)) is not None:
        yield from _gateway(app, gateway)
    elif (ingress := choice.ingress(app)) is not None:
        yield from _annotations(app, ingress)
        if ingress.controller == "alb":
            yield from _alb(app)
    yield from affinity.refusals(app)


def _hosts(app: App) -> Iterator[Refusal]:
    seen = {app.spec.host}
    for index, alias in enumerate(app.spec.aliases):
        if alias in seen:
            yield Refusal(
                ("aliases", index), f"{alias} is there already", "each host once, and not spec.host"
            )
        seen.add(alias)


def _gateway(app: App, gateway: Gateway) -> Iterator[Refusal]:
    at = ("edge", "gateway")
    if gateway.name is None:
        if gateway.class_name is None:
            yield Refusal(
                at,
                "neither a Gateway that is there nor a class for one of its own is named",
                "name and section of a Gateway, or className",
            )
        for field, said in (("section", gateway.section), ("namespace", gateway.namespace)):
            if said is not None:
                yield Refusal(
                    (*at, field),
                    "it is that of a Gateway that is there, and none is named",
                    "edge.gateway.name, or leave it out",
                )
        return
    if gateway.class_name is not None:
        yield Refusal(
            (*at, "className"),
            f"the Gateway {gateway.name} is there and has a class already",
            "className for a Gateway of its own, name for one that is there",
        )
    if gateway.section is None:
        yield Refusal(
            at,
            "without a listener the route is served over plain HTTP too, where the session cookie"
            " does not come back and nobody gets in",
            "section: the name of the Gateway's listener for HTTPS",
        )
    tls = app.spec.edge.tls
    for field, value in (("issuer", tls.issuer), ("secretName", tls.secret_name)):
        if value is not None:
            yield Refusal(
                ("edge", "tls", field),
                f"the certificate is that of the listeners of the Gateway {gateway.name}",
                "leave it out; the Gateway's owner names issuer and Secret",
            )


def _annotations(app: App, ingress: Ingress) -> Iterator[Refusal]:
    controller = CONTROLLERS[ingress.controller]
    ours = controller.ingress_annotations(app).keys() - controller.CHANGEABLE
    for name in ingress.annotations:
        at = ("edge", "ingress", "annotations", name)
        if any(word in name.rpartition("/")[2] for word in _STICKY):
            yield Refusal(
                at,
                "affinity that is asked for here goes past what is known of this controller",
                "session.affinity, or leave it out",
            )
        elif name in ours or name == "cert-manager.io/cluster-issuer":
            yield Refusal(
                at,
                "its value follows from other parts of the specification, and would be another",
                "change those: web.maxBody, web.longestRequest, web.health, session.affinity,"
                " edge.tls",
            )


def _alb(app: App) -> Iterator[Refusal]:
    edge, web = app.spec.edge, app.spec.web
    for field, value in (("issuer", edge.tls.issuer), ("secretName", edge.tls.secret_name)):
        if value is not None:
            yield Refusal(
                ("edge", "tls", field),
                "a load balancer of AWS reads no Secret: its certificates are in AWS Certificate"
                " Manager, and it finds them there by the hosts",
                "leave it out",
            )
    if not edge.trusted_proxies:
        yield Refusal(
            ("edge", "trustedProxies"),
            "the load balancer's addresses are those of your VPC, which nobody else knows",
            "trustedProxies: [10.0.0.0/16], the VPC's own CIDR",
        )
    if web.drain < alb.LEAST_DRAIN:
        yield Refusal(
            ("web", "drain"),
            f"a load balancer of AWS sends requests for up to {alb.LEAST_DRAIN} s to a pod that"
            " ends, and answers 502 where it has gone",
            f"drain: {alb.LEAST_DRAIN}, or more",
        )
    if web.longest_request > alb.IDLE_MOST - SPARE:
        yield Refusal(
            ("web", "longestRequest"),
            f"a load balancer of AWS waits {alb.IDLE_MOST} s at most",
            f"longestRequest: {alb.IDLE_MOST - SPARE}, or a job for what takes longer",
        )
