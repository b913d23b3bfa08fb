"""ingress-nginx (k8s.io/ingress-nginx), not NGINX Inc's.

docs/user-guide/nginx-configuration/annotations.md of v1.15, kubernetes/ingress-nginx.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision
from holdfast.kube.edge import affinity
from holdfast.kube.quantity import whole
from holdfast.kube.timing import request_timeout

CLASS: str | None = "nginx"
CHANGEABLE: frozenset[str] = frozenset()
PREFIX = "nginx.ingress.kubernetes.io/"


def ingress_annotations(app: App) -> dict[str, str]:
    """The Ingress's.

    ``proxy-next-upstream``: another pod is tried where the first could not be reached, never
    because it is slow; nginx itself never does so for a POST (proxy_next_upstream, without
    ``non_idempotent``). ``proxy-buffer-size``: 4k by default, and Set-Cookie headers of Laravel and
    its packages are more.
    """
    words = {
        "force-ssl-redirect": "true",
        "proxy-body-size": str(whole(app.spec.web.max_body)),
        "proxy-buffer-size": "16k",
        "proxy-next-upstream": "error",
        "proxy-read-timeout": str(request_timeout(app)),
        "proxy-send-timeout": str(request_timeout(app)),
        **_sticky(app),
    }
    return {PREFIX + word: value for word, value in words.items()}


def _sticky(app: App) -> dict[str, str]:
    """``persistent``: users stay where they are when replicas are added."""
    cookie = affinity.cookie(app)
    if cookie is None:
        return {}
    return {
        "affinity": "cookie",
        "affinity-mode": "persistent",
        "session-cookie-change-on-failure": "true",
        "session-cookie-max-age": str(affinity.seconds(app)),
        "session-cookie-name": cookie,
        "session-cookie-path": "/",
        "session-cookie-samesite": app.spec.session.same_site.capitalize(),
        "session-cookie-secure": "true",
    }


def service_annotations(app: App) -> dict[str, str]:
    """None: all is said at the Ingress."""
    return {}


def decisions(app: App) -> Iterator[Decision]:
    """What its users should know."""
    yield Decision(
        "ingress",
        "ingress-nginx",
        "it has had no fixes since March 2026: plan the move to a Gateway; retries go to another"
        " pod only where one could not be reached, and never for a POST",
    )
