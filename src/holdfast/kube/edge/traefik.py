"""Traefik v3, its provider for Ingress.

docs/content/reference/routing-configuration/kubernetes/ingress.md, traefik/traefik. Its own kinds
(IngressRoute, Middleware) are not rendered: what cannot be validated here is not written.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision
from holdfast.kube.edge import affinity

CLASS: str | None = "traefik"
CHANGEABLE: frozenset[str] = frozenset({"traefik.ingress.kubernetes.io/router.entrypoints"})
PREFIX = "traefik.ingress.kubernetes.io/"


def ingress_annotations(app: App) -> dict[str, str]:
    """The Ingress's: at the entry point for HTTPS alone, so nothing is served in the clear."""
    words = {"router.entrypoints": "websecure", "router.tls": "true"}
    return {PREFIX + word: value for word, value in words.items()}


def service_annotations(app: App) -> dict[str, str]:
    """Stickiness is the Service's, at the Ingress nobody reads it."""
    cookie = affinity.cookie(app)
    if cookie is None:
        return {}
    words = {
        "": "true",
        ".httponly": "true",
        ".maxage": str(affinity.seconds(app)),
        ".name": cookie,
        ".samesite": app.spec.session.same_site,
        ".secure": "true",
    }
    return {f"{PREFIX}service.sticky.cookie{word}": value for word, value in words.items()}


def decisions(app: App) -> Iterator[Decision]:
    """What is Traefik's static configuration, and so not in manifests."""
    yield Decision(
        "ingress",
        "Traefik, entry point websecure",
        "plain HTTP is not served; that the entry point web redirects to it is Traefik's own"
        " configuration (entryPoints.web.http.redirections), as is how long an upload may take"
        " (websecure.transport.respondingTimeouts.readTimeout, 60 s); it limits neither headers"
        " nor bodies nor answers",
    )
