"""An Ingress of networking.k8s.io/v1, in the words of its controller."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.edge import alb, haproxy, nginx, plain, tls, traefik
from holdfast.kube.edge.choice import hosts
from holdfast.kube.objects import metadata, named, present
from holdfast.kube.spec.edge import Ingress


class Controller(Protocol):
    """A module that knows a controller's annotations.

    Args:
        CLASS: the IngressClass that it usually has; None: the cluster's default one.
        CHANGEABLE: annotations of ours that a person may write otherwise.
    """

    CLASS: str | None
    CHANGEABLE: frozenset[str]

    def ingress_annotations(self, app: App) -> dict[str, str]:
        """The Ingress's."""

    def service_annotations(self, app: App) -> dict[str, str]:
        """The Service's."""

    def decisions(self, app: App) -> Iterator[Decision]:
        """What its users should know."""


CONTROLLERS: dict[str, Controller] = {
    "any": plain,
    "nginx": nginx,
    "traefik": traefik,
    "haproxy": haproxy,
    "alb": alb,
}


def objects(app: App, wanted: Ingress) -> Iterator[Object]:
    """The Ingress: every host, every path, to the web pods."""
    controller = CONTROLLERS[wanted.controller]
    annotations = {
        **tls.ingress_annotations(app),
        **controller.ingress_annotations(app),
        **wanted.annotations,
    }
    yield {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(app, app.name, "edge", annotations=annotations),
        "spec": present(
            ingressClassName=wanted.class_name or controller.CLASS,
            tls=[
                present(
                    hosts=hosts(app),
                    # A load balancer of AWS has its certificates elsewhere.
                    secretName=None if wanted.controller == "alb" else tls.secret_name(app),
                )
            ],
            rules=[_rule(app, host) for host in hosts(app)],
        ),
    }


def _rule(app: App, host: str) -> Object:
    backend = {"service": {"name": named(app, "web"), "port": {"name": "http"}}}
    path = {"backend": backend, "path": "/", "pathType": "Prefix"}
    return {"host": host, "http": {"paths": [path]}}


def decisions(app: App, wanted: Ingress) -> Iterator[Decision]:
    """What the controller's users should know."""
    if wanted.controller != "alb":
        yield from tls.decisions(app)
    yield from CONTROLLERS[wanted.controller].decisions(app)
