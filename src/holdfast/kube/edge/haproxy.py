"""HAProxy Kubernetes Ingress Controller (haproxytech), not HAProxy Ingress (jcmoraisjr).

documentation/annotations.md of 3.2, haproxytech/kubernetes-ingress. The other one has other words
(haproxy-ingress.github.io/); this one is HAProxy Technologies' own and is the usual of its class.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision
from holdfast.kube.edge import affinity
from holdfast.kube.timing import request_timeout

CLASS: str | None = "haproxy"
CHANGEABLE: frozenset[str] = frozenset({"haproxy.org/ssl-redirect-port"})
PREFIX = "haproxy.org/"

FORWARDED_HOST = "X-Forwarded-Host %[req.hdr(host)]"
"""Name and format: pkg/annotations/ingress/reqSetHdr.go makes an ``http-request set-header`` of
them, the format in quotation marks."""


def ingress_annotations(app: App) -> dict[str, str]:
    """The Ingress's; the port is the one that browsers know, not the container's 8443.

    X-Forwarded-Host is the host that was asked for, whatever a client wrote there: HAProxy would
    pass it on, and Laravel believes it of a trusted proxy.
    """
    words = {
        "forwarded-for": "true",
        "request-set-header": FORWARDED_HOST,
        "ssl-redirect": "true",
        "ssl-redirect-port": "443",
        "timeout-server": f"{request_timeout(app)}s",
    }
    return {PREFIX + word: value for word, value in words.items()}


def service_annotations(app: App) -> dict[str, str]:
    """Persistence is the Service's: at an Ingress it is ignored from 3.2.10 on (2fa2ea61)."""
    cookie = affinity.cookie(app)
    return {} if cookie is None else {PREFIX + "cookie-persistence": cookie}


def decisions(app: App) -> Iterator[Decision]:
    """What is its own configuration, and so not in manifests."""
    yield Decision(
        "ingress",
        "HAProxy Kubernetes Ingress Controller",
        "haproxytech's, by its annotations haproxy.org/; it takes 15 KiB of headers"
        " (tune.bufsize, its ConfigMap's), bodies of any size, and connects again only where a"
        " request was not sent",
    )
    if affinity.cookie(app) is not None:
        yield Decision(
            "affinity cookie",
            "until the browser is closed",
            "HAProxy's has no lifetime, and is neither Secure nor HttpOnly: it names a replica, not"
            " a user",
        )
