"""Affinity of an Ingress, as its controller's annotations ask for it.

ingress-nginx v1.15 (internal/ingress/annotations/sessionaffinity), Traefik v3
(reference/routing-configuration/kubernetes/ingress), NGINX Ingress Controller v5
(configuration/ingress-resources/advanced-configuration-with-annotations), HAProxy Kubernetes
Ingress Controller (documentation/annotations.md), HAProxy Ingress (configuration/keys), AWS Load
Balancer Controller (guide/ingress/annotations), GKE (BackendConfig v1).
"""

from __future__ import annotations

import json
import re
from typing import Final

from holdfast.check.kubernetes.edges.classes import (
    ALB,
    HAPROXY,
    HAPROXY_INGRESS,
    NGINX,
    NGINX_INC,
    TRAEFIK,
)
from holdfast.check.kubernetes.edges.route import Affinity, Edge, Stickiness, seconds
from holdfast.check.kubernetes.objects import Object, Objects, get, text
from holdfast.manifests.place import Place

COOKIE_VARIABLE: Final = re.compile(r"\$\{?cookie_(?P<name>[A-Za-z0-9_]+)\}?")
"""nginx's variable of a cookie (ngx_http_core_module)."""


def ingress_affinity(
    edge: Edge, ingress: Object, service: str, objects: Objects
) -> Affinity | None:
    """What keeps users of an Ingress at one pod of a Service; None where nothing does."""
    backend = objects.find("Service", service, ingress.namespace)
    match edge:
        case Edge.INGRESS_NGINX:
            return _nginx(ingress)
        case Edge.NGINX_INC:
            return _nginx_inc(ingress, service)
        case Edge.TRAEFIK:
            return traefik_service(backend) if backend else None
        case Edge.HAPROXY:
            return _haproxy(ingress, backend)
        case Edge.HAPROXY_INGRESS:
            return _haproxy_ingress(ingress)
        case Edge.ALB:
            return _alb(ingress, backend)
        case Edge.GCE:
            return _gce(backend, objects) if backend else None
    return None


def _annotation(owner: Object, name: str) -> Place:
    return owner.key_at("metadata", "annotations", name)


def _nginx(ingress: Object) -> Affinity | None:
    said = ingress.annotations
    if hashed := said.get(NGINX + "upstream-hash-by"):
        return _hashed(ingress, NGINX + "upstream-hash-by", hashed)
    if said.get(NGINX + "affinity") != "cookie":
        return None
    named = NGINX + "session-cookie-name"
    lasts = seconds(said.get(NGINX + "session-cookie-max-age")) or seconds(
        said.get(NGINX + "session-cookie-expires")
    )
    return Affinity(
        Stickiness.COOKIE,
        _annotation(ingress, NGINX + "affinity"),
        str(ingress),
        said.get(named, "INGRESSCOOKIE"),
        _annotation(ingress, named) if named in said else None,
        lasts or None,
        moves=said.get(NGINX + "affinity-mode") != "persistent",
    )


def _hashed(owner: Object, annotation: str, expression: str) -> Affinity:
    cookie = COOKIE_VARIABLE.search(expression)
    place = _annotation(owner, annotation)
    by_address = "$binary_remote_addr" in expression or "$remote_addr" in expression
    return Affinity(
        Stickiness.CLIENT_IP if by_address and not cookie else Stickiness.HASH,
        place,
        str(owner),
        cookie["name"] if cookie else "",
        place if cookie else None,
        moves=True,
    )


def _nginx_inc(ingress: Object, service: str) -> Affinity | None:
    for prefix in NGINX_INC:
        sticky = ingress.annotations.get(prefix + "sticky-cookie-services", "")
        for entry in sticky.split(";"):
            words = entry.split()
            if len(words) > 1 and words[0] == f"serviceName={service}":
                options = dict(word.partition("=")[::2] for word in words[2:])
                place = _annotation(ingress, prefix + "sticky-cookie-services")
                return Affinity(
                    Stickiness.COOKIE,
                    place,
                    str(ingress),
                    words[1],
                    place,
                    seconds(options.get("expires")),
                )
        method = ingress.annotations.get(prefix + "lb-method", "")
        if method.startswith("hash "):
            return _hashed(ingress, prefix + "lb-method", method)
        if method == "ip_hash":
            place = _annotation(ingress, prefix + "lb-method")
            return Affinity(Stickiness.CLIENT_IP, place, str(ingress), moves=True)
    return None


def traefik_service(service: Object) -> Affinity | None:
    """Stickiness that a Service asks of Traefik by annotations."""
    said, prefix = service.annotations, TRAEFIK + "service.sticky.cookie"
    if said.get(prefix) != "true" and prefix + ".name" not in said:
        return None
    return Affinity(
        Stickiness.COOKIE,
        _annotation(service, prefix if prefix in said else prefix + ".name"),
        str(service),
        said.get(prefix + ".name", ""),
        _annotation(service, prefix + ".name") if prefix + ".name" in said else None,
        seconds(said.get(prefix + ".maxage")) or None,
    )


def _haproxy(ingress: Object, backend: Object | None) -> Affinity | None:
    name = HAPROXY + "cookie-persistence"
    for owner in (ingress, backend):
        if owner is not None and (cookie := owner.annotations.get(name)):
            place = _annotation(owner, name)
            return Affinity(Stickiness.COOKIE, place, str(owner), cookie, place)
    return None


def _haproxy_ingress(ingress: Object) -> Affinity | None:
    said = ingress.annotations
    if said.get(HAPROXY_INGRESS + "affinity") != "cookie":
        return None
    named = HAPROXY_INGRESS + "session-cookie-name"
    return Affinity(
        Stickiness.COOKIE,
        _annotation(ingress, HAPROXY_INGRESS + "affinity"),
        str(ingress),
        said.get(named, "INGRESSCOOKIE"),
        _annotation(ingress, named) if named in said else None,
    )


def _alb(ingress: Object, backend: Object | None) -> Affinity | None:
    name = ALB + "target-group-attributes"
    for owner in (backend, ingress):
        if owner is None or name not in owner.annotations:
            continue
        words = owner.annotations[name].split(",")
        options = {
            key.strip(): value.strip() for key, _, value in (w.partition("=") for w in words)
        }
        if options.get("stickiness.enabled") != "true":
            continue
        kind = options.get("stickiness.type", "lb_cookie")
        target = (backend.annotations if backend else {}).get(
            ALB + "target-type", ingress.annotations.get(ALB + "target-type", "")
        )
        return Affinity(
            Stickiness.COOKIE,
            _annotation(owner, name),
            str(owner),
            "AWSALB" if kind == "lb_cookie" else "AWSALBAPP",
            lifetime=seconds(options.get(f"stickiness.{kind}.duration_seconds", "86400")),
            to_node=target == "instance",
        )
    return None


def _gce(backend: Object, objects: Objects) -> Affinity | None:
    name = "cloud.google.com/backend-config"
    try:
        configs = json.loads(backend.annotations.get(name, "{}"))
    except (ValueError, RecursionError):
        return None
    wanted = text(get(configs, "default"))
    config = objects.find("BackendConfig", wanted, backend.namespace) if wanted else None
    if config is None:
        return None
    place = config.at("spec", "sessionAffinity", "affinityType")
    lasts = seconds(config.get("spec", "sessionAffinity", "affinityCookieTtlSec")) or None
    match config.get("spec", "sessionAffinity", "affinityType"):
        case "GENERATED_COOKIE":
            return Affinity(Stickiness.COOKIE, place, str(config), "GCLB", lifetime=lasts)
        case "CLIENT_IP":
            return Affinity(Stickiness.CLIENT_IP, place, str(config), moves=True)
    return None
