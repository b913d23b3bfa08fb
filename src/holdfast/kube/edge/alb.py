"""An Application Load Balancer, by the AWS Load Balancer Controller.

docs/guide/ingress/annotations.md and cert_discovery.md,
kubernetes-sigs/aws-load-balancer-controller.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision
from holdfast.kube.edge import affinity
from holdfast.kube.edge.choice import hosts
from holdfast.kube.timing import request_timeout
from holdfast.kube.web.php_fpm_conf import PING
from holdfast.kube.web.probes import health

CLASS: str | None = "alb"
CHANGEABLE: frozenset[str] = frozenset({"alb.ingress.kubernetes.io/scheme"})
PREFIX = "alb.ingress.kubernetes.io/"

IDLE_LEAST, IDLE_MOST = 60, 4000
"""Seconds without a byte after which it closes a connection: its default, and its limit."""

LEAST_DRAIN = 30
"""Seconds for which it goes on sending requests to a pod that ends: issues 1064 (25 s were enough),
2106 (40 s nearly always)."""


def ingress_annotations(app: App) -> dict[str, str]:
    """The Ingress's; ``ip``: it sends to pods, so it knows them, for affinity and for their end."""
    words = {
        "healthcheck-interval-seconds": "10",
        "healthcheck-path": health(app) or PING,
        "healthcheck-timeout-seconds": "5",
        "listen-ports": '[{"HTTP": 80}, {"HTTPS": 443}]',
        "load-balancer-attributes": _attributes(
            {"idle_timeout.timeout_seconds": max(IDLE_LEAST, request_timeout(app))}
        ),
        "scheme": "internet-facing",
        "ssl-redirect": "443",
        "success-codes": "200-299",
        "target-group-attributes": _attributes(
            {"deregistration_delay.timeout_seconds": request_timeout(app), **_sticky(app)}
        ),
        "target-type": "ip",
    }
    return {PREFIX + word: value for word, value in words.items()}


def _sticky(app: App) -> dict[str, str | int]:
    if affinity.cookie(app) is None:
        return {}
    return {
        "stickiness.enabled": "true",
        "stickiness.lb_cookie.duration_seconds": min(affinity.seconds(app), affinity.ALB_MOST),
        "stickiness.type": "lb_cookie",
    }


def _attributes(words: dict[str, str | int]) -> str:
    return ",".join(f"{word}={value}" for word, value in sorted(words.items()))


def service_annotations(app: App) -> dict[str, str]:
    """None: all is said at the Ingress."""
    return {}


def decisions(app: App) -> Iterator[Decision]:
    """What is AWS's part."""
    yield Decision(
        "certificate",
        "of AWS Certificate Manager",
        f"the controller finds it there by its names: {', '.join(hosts(app))}; a Secret it does not"
        " read",
    )
    yield Decision(
        "ingress",
        "Application Load Balancer, internet-facing, to pods",
        f"a request has {request_timeout(app)} s; a pod that ends is taken out first and drains for"
        f" {app.spec.web.drain} s (web.drain); label the namespace"
        " elbv2.k8s.aws/pod-readiness-gate-inject=enabled, so that a rollout waits until it knows"
        " the new pods",
    )
    yield Decision(
        "X-Forwarded-Host",
        "as the client wrote it",
        "the load balancer passes it on; tell Laravel to believe the others alone: headers:"
        " Request::HEADER_X_FORWARDED_AWS_ELB in TrustProxies",
    )
    if affinity.cookie(app) is not None and affinity.seconds(app) > affinity.ALB_MOST:
        yield Decision(
            "affinity cookie", "seven days", "a load balancer's cookie lives no longer; sessions do"
        )
