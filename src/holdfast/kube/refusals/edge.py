"""What is refused of the edge."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from holdfast.kube.app import App
from holdfast.kube.edge import alb, choice
from holdfast.kube.edge.ingress import CONTROLLERS
from holdfast.kube.refusals import affinity
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import Rule, all_refused, given, rule
from holdfast.kube.spec.edge import Gateway, Ingress
from holdfast.kube.timing import SPARE

_EDGE, _WEB = "self.spec.edge", "self.spec.web"
_GATEWAY, _INGRESS = f"{_EDGE}.gateway", f"{_EDGE}.ingress"
_EVERYBODY = "^[0:.]+/0+$"
_BELIEVED = "whoever connects would be believed, and choose address and host himself"
_NETWORK = "the network of the edge's pods or load balancer"
_STICKY = ("affinity", "session-cookie", "sticky", "cookie-persistence", "upstream-hash-by")

_NO_GATEWAY = f"!{given(_GATEWAY)}"
_THERE = f"({given(_GATEWAY)} && {given(f'{_GATEWAY}.name')})"
_ALB = f"({given(_INGRESS)} && {_INGRESS}.controller == 'alb')"


def _gateway(broken: Callable[[Gateway], bool]) -> Callable[[App], bool]:
    return lambda app: app.spec.edge.gateway is not None and broken(app.spec.edge.gateway)


def _is_there(app: App) -> bool:
    return app.spec.edge.gateway is not None and app.spec.edge.gateway.name is not None


def _is_alb(app: App) -> bool:
    return app.spec.edge.ingress is not None and app.spec.edge.ingress.controller == "alb"


def _everybody(app: App) -> Iterator[Refusal]:
    for index, network in enumerate(app.spec.edge.trusted_proxies):
        if re.match(_EVERYBODY, network):
            yield Refusal(("edge", "trustedProxies", index), _BELIEVED, _NETWORK)


def _unused_tls(reason: str, way_out: str, where: Callable[[App], bool], cel: str) -> list[Rule]:
    """Neither field of ``edge.tls`` means anything there."""

    def unused(field: str, name: str) -> Rule:
        return rule(
            ("edge", "tls", name),
            reason,
            way_out,
            broken=lambda app: where(app) and getattr(app.spec.edge.tls, field) is not None,
            cel=f"!{cel} || !{given(f'{_EDGE}.tls.{name}')}",
        )

    return [unused("issuer", "issuer"), unused("secret_name", "secretName")]


def _of_a_gateway_that_is_there(field: str) -> Rule:
    return rule(
        ("edge", "gateway", field),
        "it is that of a Gateway that is there, and none is named",
        "edge.gateway.name, or leave it out",
        broken=_gateway(lambda one: one.name is None and getattr(one, field) is not None),
        cel=f"{_NO_GATEWAY} || {given(f'{_GATEWAY}.name')} || !{given(f'{_GATEWAY}.{field}')}",
    )


RULES = (
    rule(
        ("edge", "gateway"),
        "an Ingress and a Gateway are both asked for, and users would come in by either",
        "one of edge.ingress and edge.gateway",
        broken=lambda app: app.spec.edge.ingress is not None and app.spec.edge.gateway is not None,
        cel=f"!{given(_INGRESS)} || {_NO_GATEWAY}",
    ),
    Rule(
        ("edge", "trustedProxies"),
        f"{_BELIEVED}: {_NETWORK}",
        _everybody,
        cel=f"{_EDGE}.trustedProxies.all(one, !one.matches('{_EVERYBODY}'))",
    ),
    rule(
        ("edge", "gateway"),
        "neither a Gateway that is there nor a class for one of its own is named",
        "name and section of a Gateway, or className",
        broken=_gateway(lambda one: one.name is None and one.class_name is None),
        cel=f"{_NO_GATEWAY} || {given(f'{_GATEWAY}.name')} || {given(f'{_GATEWAY}.className')}",
    ),
    _of_a_gateway_that_is_there("section"),
    _of_a_gateway_that_is_there("namespace"),
    rule(
        ("edge", "gateway", "className"),
        "the Gateway that is named is there and has a class already",
        "className for a Gateway of its own, name for one that is there",
        broken=_gateway(lambda one: one.name is not None and one.class_name is not None),
        cel=f"!{_THERE} || !{given(f'{_GATEWAY}.className')}",
    ),
    rule(
        ("edge", "gateway"),
        "without a listener the route is served over plain HTTP too, where the session cookie does"
        " not come back and nobody gets in",
        "section: the name of the Gateway's listener for HTTPS",
        broken=_gateway(lambda one: one.name is not None and one.section is None),
        cel=f"!{_THERE} || {given(f'{_GATEWAY}.section')}",
    ),
    *_unused_tls(
        "the certificate is that of the listeners of the Gateway that is there",
        "leave it out; the Gateway's owner names issuer and Secret",
        _is_there,
        _THERE,
    ),
    *_unused_tls(
        "a load balancer of AWS reads no Secret: its certificates are in AWS Certificate Manager,"
        " and it finds them there by the hosts",
        "leave it out",
        _is_alb,
        _ALB,
    ),
    rule(
        ("edge", "trustedProxies"),
        "the load balancer's addresses are those of your VPC, which nobody else knows",
        "trustedProxies: [10.0.0.0/16], the VPC's own CIDR",
        broken=lambda app: _is_alb(app) and not app.spec.edge.trusted_proxies,
        cel=f"!{_ALB} || size({_EDGE}.trustedProxies) > 0",
    ),
    rule(
        ("web", "drain"),
        f"a load balancer of AWS sends requests for up to {alb.LEAST_DRAIN} s to a pod that ends,"
        " and answers 502 where it has gone",
        f"drain: {alb.LEAST_DRAIN}, or more",
        broken=lambda app: _is_alb(app) and app.spec.web.drain < alb.LEAST_DRAIN,
        cel=f"!{_ALB} || {_WEB}.drain >= {alb.LEAST_DRAIN}",
    ),
    rule(
        ("web", "longestRequest"),
        f"a load balancer of AWS waits {alb.IDLE_MOST} s at most",
        f"longestRequest: {alb.IDLE_MOST - SPARE}, or a job for what takes longer",
        broken=lambda app: _is_alb(app) and app.spec.web.longest_request > alb.IDLE_MOST - SPARE,
        cel=f"!{_ALB} || {_WEB}.longestRequest <= {alb.IDLE_MOST - SPARE}",
    ),
    *affinity.RULES,
)


def refusals(app: App) -> Iterator[Refusal]:
    """All of the edge, and of the affinity that it cannot give."""
    yield from all_refused(RULES, app)
    yield from _hosts(app)
    if (ingress := choice.ingress(app)) is not None:
        yield from _annotations(app, ingress)


def _hosts(app: App) -> Iterator[Refusal]:
    seen = {app.spec.host}
    for index, alias in enumerate(app.spec.aliases):
        if alias in seen:
            yield Refusal(
                ("aliases", index), f"{alias} is there already", "each host once, and not spec.host"
            )
        seen.add(alias)


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
