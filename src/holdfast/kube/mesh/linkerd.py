"""Linkerd: only the application and the store itself reach the store.

Three kinds of objects, whose schemas are those of Linkerd's charts (linkerd2 of August 2026,
charts/linkerd-crds/templates/policy). Retries need no object: Linkerd sends nothing again unless a
route asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Object
from holdfast.kube.mesh.identity import store_components
from holdfast.kube.network.store_rules import PORTS
from holdfast.kube.objects import metadata, named, selector

GROUP = "policy.linkerd.io"


def objects(app: App) -> Iterator[Object]:
    """The store's ports, who is trusted, and that nobody else is."""
    if app.spec.mesh is None or app.spec.mesh.joining:
        return
    parts = store_components(app)
    if parts:
        yield _trusted(app)
    for component in parts:
        yield _server(app, component)
        yield _allowed(app, component)


def _trusted(app: App) -> Object:
    """Whoever has one of these identities; both are of this namespace."""
    accounts = [app.name, named(app, "sessions")]
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "MeshTLSAuthentication",
        "metadata": metadata(app, named(app, "sessions"), "sessions"),
        "spec": {
            "identityRefs": [{"kind": "ServiceAccount", "name": account} for account in accounts]
        },
    }


def _server(app: App, component: str) -> Object:
    """Its port, of which nothing is guessed: it speaks no HTTP."""
    return {
        "apiVersion": f"{GROUP}/v1beta3",
        "kind": "Server",
        "metadata": metadata(app, named(app, component), component),
        "spec": {
            "accessPolicy": "deny",
            "podSelector": {"matchLabels": selector(app, component)},
            "port": PORTS[component],
            "proxyProtocol": "opaque",
        },
    }


def _allowed(app: App, component: str) -> Object:
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "AuthorizationPolicy",
        "metadata": metadata(app, named(app, component), component),
        "spec": {
            "requiredAuthenticationRefs": [
                {"group": GROUP, "kind": "MeshTLSAuthentication", "name": named(app, "sessions")}
            ],
            "targetRef": {"group": GROUP, "kind": "Server", "name": named(app, component)},
        },
    }
