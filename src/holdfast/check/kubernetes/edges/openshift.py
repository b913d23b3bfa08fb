"""OpenShift's Route (route.openshift.io/v1)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from holdfast.check.kubernetes.edges.route import Affinity, Edge, Route, Stickiness
from holdfast.check.kubernetes.objects import Object, Objects, get, items, text, whole

GROUP: Final = "route.openshift.io"


def openshift_routes(objects: Objects) -> Iterator[Route]:
    """The routes of all Routes."""
    for owner in objects.of("Route"):
        if owner.group != GROUP:
            continue
        others = items(owner.body, "spec", "alternateBackends")
        for backend in [owner.get("spec", "to"), *others]:
            if not text(get(backend, "name")):
                continue
            termination = owner.get("spec", "tls", "termination")
            insecure = owner.get("spec", "tls", "insecureEdgeTerminationPolicy")
            yield Route(
                object=owner,
                edge=Edge.OPENSHIFT,
                host=text(owner.get("spec", "host")),
                path=text(owner.get("spec", "path")),
                service=(owner.namespace, text(get(backend, "name"))),
                port=_port(owner.get("spec", "port", "targetPort")),
                rule=("spec",),
                place=owner.at("spec", "host"),
                tls=None if termination is None else termination != "passthrough",
                redirects=None if insecure is None else insecure == "Redirect",
                affinity=_affinity(owner, termination),
                rewrite=owner.annotations.get("haproxy.router.openshift.io/rewrite-target", ""),
                weight=_weight(backend) if others else None,
            )


def _port(written: Any) -> int | str | None:
    return written if isinstance(written, int | str) else None


def _weight(backend: Any) -> int:
    said = whole(get(backend, "weight"))
    return 100 if said is None else said


def _affinity(owner: Object, termination: Any) -> Affinity | None:
    """Only what is asked for: the cookie that the router sets by itself is nobody's choice."""
    named = "router.openshift.io/cookie_name"
    cookie = owner.annotations.get(named, "")
    if not cookie or termination == "passthrough":
        return None
    place = owner.key_at("metadata", "annotations", named)
    return Affinity(Stickiness.COOKIE, place, str(owner), cookie, place)
