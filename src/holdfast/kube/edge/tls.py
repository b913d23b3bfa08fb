"""The certificate: whose Secret it is in, and who makes it.

cert-manager v1.21: ``cert-manager.io/cluster-issuer`` at an Ingress (docs, usage/ingress). Beside a
Gateway it is a Certificate of our own: the annotation at a Gateway is read only where cert-manager
was started with --enable-gateway-api, and only for listeners with a host (docs, usage/gateway).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.edge.choice import hosts
from holdfast.kube.objects import metadata


def secret_name(app: App) -> str:
    """The Secret with the certificate."""
    return app.spec.edge.tls.secret_name or f"{app.name}-tls"


def ingress_annotations(app: App) -> dict[str, str]:
    """By which cert-manager makes the Secret of an Ingress; none where somebody else does."""
    issuer = app.spec.edge.tls.issuer
    return {} if issuer is None else {"cert-manager.io/cluster-issuer": issuer}


def certificates(app: App) -> Iterator[Object]:
    """The Certificate of a Gateway of one's own."""
    issuer = app.spec.edge.tls.issuer
    if issuer is not None:
        yield {
            "apiVersion": "cert-manager.io/v1",
            "kind": "Certificate",
            "metadata": metadata(app, secret_name(app), "edge"),
            "spec": {
                "dnsNames": hosts(app),
                "issuerRef": {
                    "group": "cert-manager.io",
                    "kind": "ClusterIssuer",
                    "name": issuer,
                },
                "secretName": secret_name(app),
            },
        }


def decisions(app: App) -> Iterator[Decision]:
    """Whose work the certificate is."""
    issuer = app.spec.edge.tls.issuer
    if issuer is None:
        yield Decision(
            "certificate",
            f"the Secret {secret_name(app)}",
            f"somebody makes it, of type kubernetes.io/tls, for {', '.join(hosts(app))};"
            " edge.tls.issuer lets cert-manager do so",
        )
    else:
        yield Decision(
            "certificate",
            f"the Secret {secret_name(app)}",
            f"cert-manager makes and renews it by its ClusterIssuer {issuer}",
        )
