"""Linkerd: only the application and the store itself reach the store.

Three kinds of objects, whose schemas are those of Linkerd's charts (linkerd2 of August 2026,
charts/linkerd-crds/templates/policy). Retries need no object: Linkerd sends nothing again unless a
route asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Object
from holdfast.kube.inventory import Pods, pods
from holdfast.kube.objects import metadata, named, selector
from holdfast.kube.session_store import store

GROUP = "policy.linkerd.io"


def objects(app: App) -> Iterator[Object]:
    """The store's ports, who is trusted, and that nobody else is."""
    if app.spec.mesh is None or app.spec.mesh.joining:
        return
    listening = [
        (some, name, number)
        for some in pods(store.objects(app))
        for name, number in sorted(some.ports.items())
        if name != "metrics"
    ]
    if listening:
        yield _trusted(app)
    for some, name, number in listening:
        yield _server(app, some, name, number)
        yield _allowed(app, some, name)


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


def _server(app: App, some: Pods, name: str, number: int) -> Object:
    """A port, of which nothing is guessed: it speaks no HTTP."""
    return {
        "apiVersion": f"{GROUP}/v1beta3",
        "kind": "Server",
        "metadata": metadata(app, f"{some.name}-{name}", some.component),
        "spec": {
            "accessPolicy": "deny",
            "podSelector": {"matchLabels": selector(app, some.component)},
            "port": number,
            "proxyProtocol": "opaque",
        },
    }


def _allowed(app: App, some: Pods, name: str) -> Object:
    return {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "AuthorizationPolicy",
        "metadata": metadata(app, f"{some.name}-{name}", some.component),
        "spec": {
            "requiredAuthenticationRefs": [
                {"group": GROUP, "kind": "MeshTLSAuthentication", "name": named(app, "sessions")}
            ],
            "targetRef": {"group": GROUP, "kind": "Server", "name": f"{some.name}-{name}"},
        },
    }
