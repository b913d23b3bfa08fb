"""Istio: Gateway, VirtualService, DestinationRule (networking.istio.io, 1.30)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from holdfast.check.kubernetes.edges.route import Affinity, Edge, Route, Stickiness, seconds
from holdfast.check.kubernetes.objects import (
    Object,
    Objects,
    get,
    items,
    same_namespace,
    text,
    whole,
)

GROUP: Final = "networking.istio.io"

Path = tuple[str | int, ...]


def istio_routes(objects: Objects) -> Iterator[Route]:
    """The routes of all VirtualServices that a gateway takes in from outside."""
    for owner in objects.of("VirtualService"):
        names = [text(name) for name in items(owner.body, "spec", "gateways")]
        if owner.group != GROUP or not any(name != "mesh" for name in names):
            continue
        tls, redirects = _servers(owner, names, objects)
        hosts = list(enumerate(map(text, items(owner.body, "spec", "hosts"))))
        for index, rule in enumerate(items(owner.body, "spec", "http")):
            uri = get(rule, "match", 0, "uri")
            path = next(
                (text(get(uri, k)) for k in ("prefix", "exact", "regex") if get(uri, k)), ""
            )
            targets = items(rule, "route")
            for number, target in enumerate(targets):
                service = service_of(text(get(target, "destination", "host")), owner.namespace)
                subset = text(get(target, "destination", "subset"))
                affinity = destination_affinity(service, subset, objects)
                for position, host in hosts:
                    yield Route(
                        object=owner,
                        edge=Edge.ISTIO,
                        host="" if host == "*" else host,
                        path=path,
                        service=service,
                        port=whole(get(target, "destination", "port", "number")),
                        rule=("spec", "http", index),
                        place=owner.at("spec", "hosts", position)
                        if host != "*"
                        else owner.at("spec", "http", index, "route", number),
                        tls=tls,
                        redirects=redirects,
                        affinity=affinity,
                        to_pods=True,
                        rewrite=text(get(rule, "rewrite", "uri")),
                        regex=bool(get(uri, "regex")),
                        weight=whole(get(target, "weight")) if len(targets) > 1 else None,
                    )


def service_of(host: str, namespace: str) -> tuple[str, str]:
    """Namespace and name of the Service that a host of Istio's stands for."""
    parts = host.split(".")
    if len(parts) == 1:
        return namespace, host
    return (parts[1], parts[0]) if len(parts) == 2 or parts[2] == "svc" else ("", host)


def _servers(
    owner: Object, names: Sequence[str], objects: Objects
) -> tuple[bool | None, bool | None]:
    """Whether its gateways end TLS, and whether they redirect plain HTTP."""
    tls: bool | None = None
    redirects: bool | None = None
    for name in names:
        namespace, slash, short = name.rpartition("/")
        gateway = objects.find("Gateway", short, namespace if slash else owner.namespace)
        if gateway is None or gateway.group != GROUP:
            continue
        for server in items(gateway.body, "spec", "servers"):
            match get(server, "tls", "mode"):
                case "SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL":
                    tls = True
                case "PASSTHROUGH" | "AUTO_PASSTHROUGH":
                    tls = tls or False
            if get(server, "tls", "httpsRedirect") is True:
                redirects = True
    return tls, redirects


def destination_affinity(
    service: tuple[str, str], subset: str, objects: Objects
) -> Affinity | None:
    """What the DestinationRule of a Service, or of one of its subsets, asks for."""
    namespace, name = service
    for rule in objects.of("DestinationRule"):
        where, called = service_of(text(rule.get("spec", "host")), rule.namespace)
        if rule.group != GROUP or called != name or not same_namespace(where, namespace):
            continue
        for path in _policies(rule, subset):
            if (found := _consistent_hash(rule, path)) is not None:
                return found
    return None


def _policies(rule: Object, subset: str) -> Iterator[Path]:
    for index, entry in enumerate(items(rule.body, "spec", "subsets")):
        if get(entry, "name") == subset:
            yield ("spec", "subsets", index, "trafficPolicy")
    yield ("spec", "trafficPolicy")
    for index, _ in enumerate(items(rule.body, "spec", "trafficPolicy", "portLevelSettings")):
        yield ("spec", "trafficPolicy", "portLevelSettings", index)


def _consistent_hash(rule: Object, policy: Path) -> Affinity | None:
    path = (*policy, "loadBalancer", "consistentHash")
    hashed = rule.get(*path)
    place = rule.key_at(*path)
    if get(hashed, "useSourceIp") is True:
        return Affinity(Stickiness.CLIENT_IP, place, str(rule), moves=True)
    if cookie := text(get(hashed, "httpCookie", "name")):
        return Affinity(
            Stickiness.HASH,
            place,
            str(rule),
            cookie,
            rule.at(*path, "httpCookie", "name"),
            seconds(get(hashed, "httpCookie", "ttl")) or None,
            moves=True,
        )
    if isinstance(hashed, dict) and hashed.keys() & {"httpHeaderName", "httpQueryParameterName"}:
        return Affinity(Stickiness.HASH, place, str(rule), moves=True)
    return None
