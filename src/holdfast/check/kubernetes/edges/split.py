"""Edges that give each request, not each user, to one of several backends by weight."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from holdfast.check.kubernetes.edges.classes import NGINX, controller
from holdfast.check.kubernetes.edges.gateway import GROUP as GATEWAY
from holdfast.check.kubernetes.edges.istio import GROUP as ISTIO
from holdfast.check.kubernetes.edges.istio import service_of
from holdfast.check.kubernetes.edges.route import Edge
from holdfast.check.kubernetes.edges.traefik import GROUPS as TRAEFIK
from holdfast.check.kubernetes.objects import (
    Object,
    Objects,
    get,
    items,
    same_namespace,
    text,
    whole,
)
from holdfast.manifests.place import Place

Path = tuple[str | int, ...]


class Part(msgspec.Struct, frozen=True):
    """One of the backends; ``subset`` is Istio's."""

    service: tuple[str, str]
    weight: int
    subset: str = ""


class Split(msgspec.Struct, frozen=True, eq=False):
    """Requests that are divided by weight, without regard to who sends them.

    Args:
        object: that divides them.
        place: where it says so.
        parts: those that get any, two at least.
    """

    object: Object
    place: Place
    parts: tuple[Part, ...]


def splits(objects: Objects) -> Iterator[Split]:
    """All that keep no user at one backend."""
    yield from _canary_ingresses(objects)
    for found in (
        *_of_lists(objects.of("HTTPRoute"), (GATEWAY,), ("spec", "rules"), "backendRefs"),
        *_of_lists(objects.of("VirtualService"), (ISTIO,), ("spec", "http"), "route"),
        *_of_lists(objects.of("IngressRoute"), TRAEFIK, ("spec", "routes"), "services"),
        *_of_services(objects),
    ):
        if len(found.parts) > 1:
            yield found


def _canary_ingresses(objects: Objects) -> Iterator[Split]:
    """ingress-nginx: an Ingress with ``canary`` beside the one that it takes requests from."""
    ingresses = [i for i in objects.of("Ingress") if controller(i, objects) is Edge.INGRESS_NGINX]
    for canary in ingresses:
        weight = canary.annotations.get(NGINX + "canary-weight", "")
        total = canary.annotations.get(NGINX + "canary-weight-total", "100")
        if canary.annotations.get(NGINX + "canary") != "true" or not weight.isdecimal():
            continue
        share, whole_ = int(weight[:6]), int(total[:6]) if total.isdecimal() else 100
        for stable in ingresses:
            if stable.annotations.get(NGINX + "canary") == "true" or _sticky(stable, canary):
                continue
            mine, theirs = _backends(canary), _backends(stable)
            for key in sorted(mine.keys() & theirs.keys()):
                if 0 < share < whole_ and same_namespace(canary.namespace, stable.namespace):
                    yield Split(
                        canary,
                        canary.key_at("metadata", "annotations", NGINX + "canary-weight"),
                        (
                            Part((stable.namespace, theirs[key]), whole_ - share),
                            Part((canary.namespace, mine[key]), share),
                        ),
                    )


def _sticky(*ingresses: Object) -> bool:
    return any(NGINX + "affinity" in ingress.annotations for ingress in ingresses)


def _backends(ingress: Object) -> dict[tuple[str, str], str]:
    found: dict[tuple[str, str], str] = {}
    for rule in items(ingress.body, "spec", "rules"):
        for path in items(rule, "http", "paths"):
            name = text(get(path, "backend", "service", "name"))
            if name:
                found[text(get(rule, "host")), text(get(path, "path"))] = name
    return found


def _of_lists(
    owners: tuple[Object, ...], groups: tuple[str, ...], rules: Path, members: str
) -> Iterator[Split]:
    for owner in owners:
        if owner.group not in groups:
            continue
        for index, rule in enumerate(items(owner.body, *rules)):
            if get(rule, "sessionPersistence") is None:
                parts = _parts(owner, items(rule, members))
                yield Split(owner, owner.at(*rules, index, members), parts)


def _of_services(objects: Objects) -> Iterator[Split]:
    path: Path = ("spec", "weighted", "services")
    for owner in objects.of("TraefikService"):
        if owner.group in TRAEFIK and owner.get("spec", "weighted", "sticky") is None:
            yield Split(owner, owner.at(*path), _parts(owner, items(owner.body, *path)))


def _parts(owner: Object, members: list[Any]) -> tuple[Part, ...]:
    """Istio shares nothing out where no weight is written; the others count one for each."""
    least = 0 if owner.group == ISTIO else 1
    found: list[Part] = []
    for member in members:
        weight = whole(get(member, "weight"))
        weight = least if weight is None else weight
        if weight <= 0 or get(member, "kind") not in (None, "Service"):
            continue
        if owner.group == ISTIO:
            service = service_of(text(get(member, "destination", "host")), owner.namespace)
            found.append(Part(service, weight, text(get(member, "destination", "subset"))))
        else:
            namespace = text(get(member, "namespace")) or owner.namespace
            found.append(Part((namespace, text(get(member, "name"))), weight))
    return tuple(found)
