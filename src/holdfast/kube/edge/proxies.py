"""Whose word counts about how a request came: X-Forwarded-For, -Proto, -Port.

TLS ends at the edge, so without this Laravel makes http:// links and nobody gets in (gotchas
CKY-01). Stock Laravel reads no variable for it: Illuminate/Http/Middleware/TrustProxies.php (9.x to
13.x; before, fideloper/proxy) takes ``trustProxies(at: ...)`` or ``$proxies`` of the application's
code, and where that is empty ``config('trustedproxy.proxies')``, a file that no skeleton has.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision
from holdfast.kube.edge.choice import controller

PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
"""Networks that pods and nodes have (RFC 1918, 6598, 4193). Where it is known who the edge is, the
NetworkPolicy lets in nobody else of them."""

SIDECAR = "127.0.0.0/8"
"""A mesh's proxy in the pod connects from there: Istio's from 127.0.0.6 (istio.io, «Understanding
Traffic Routing», inbound passthrough)."""

VARIABLE = "TRUSTED_PROXIES"
FILE = "config/trustedproxy.php"
LINE = f"<?php return ['proxies' => env('{VARIABLE}')];"


def networks(app: App) -> list[str]:
    """Whose X-Forwarded headers are to be believed."""
    said = list(app.spec.edge.trusted_proxies or PRIVATE)
    return [*said, SIDECAR] if app.spec.mesh is not None and SIDECAR not in said else said


def decisions(app: App) -> Iterator[Decision]:
    """The line that the application needs, and where."""
    yield Decision(
        "trusted proxies",
        f"{VARIABLE}={','.join(networks(app))}",
        f"the networks of {controller(app)}; Laravel {app.spec.laravel} does not read the variable"
        f" by itself: {FILE} is «{LINE}», and {_code(app)}",
    )


def _code(app: App) -> str:
    """Where an older choice of the application stands in the way."""
    if app.spec.laravel >= 11:
        return "bootstrap/app.php has no trustProxies(at: ...), which would come first"
    return "$proxies in app/Http/Middleware/TrustProxies.php stays null, or it would come first"
