"""Each safe choice of edge and storage, broken: ``holdfast check`` finds it.

The rendering is the same but for one thing, so a rule that is quiet without it and speaks with it
knows the difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from holdfast.kube.app import Object
from tests.kube.audited import findings, rendered
from tests.kube.conftest import application

STICKY = {"affinity": {"cookie": "at"}, "cookie": "shop_session"}
NGINX = {"ingress": {"controller": "nginx"}}
TRAEFIK = {"ingress": {"controller": "traefik"}}
HAPROXY = {"ingress": {"controller": "haproxy"}}
ALB = {"ingress": {"controller": "alb"}, "trustedProxies": ["10.9.0.0/16"]}
ENVOY = {"gateway": {"controller": "envoy-gateway", "className": "eg", "channel": "experimental"}}
N = "nginx.ingress.kubernetes.io/"
T = "traefik.ingress.kubernetes.io/service.sticky.cookie"
H = "haproxy.org/cookie-persistence"
A = "alb.ingress.kubernetes.io/"

Break = Callable[[list[Object]], None]


def one(objects: list[Object], kind: str, name: str | None = None) -> Object:
    """The object of that kind."""
    found = [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]
    assert len(found) == 1
    return found[0]


def annotations(objects: list[Object], kind: str = "Ingress") -> dict[str, str]:
    """Those of the Ingress, or of the Service of the web pods."""
    name = "shop-web" if kind == "Service" else None
    return one(objects, kind, name)["metadata"].setdefault("annotations", {})


def said(kind: str, **changes: str | None) -> Break:
    """Annotations changed; None takes one out."""

    def broken(objects: list[Object]) -> None:
        there = annotations(objects, kind)
        for name, value in changes.items():
            there.pop(name, None)
            if value is not None:
                there[name] = value

    return broken


def variable(name: str, value: str) -> Break:
    """A variable of the configuration changed."""

    def broken(objects: list[Object]) -> None:
        [configuration] = [
            o for o in objects if o["kind"] == "ConfigMap" and "APP_ENV" in o["data"]
        ]
        assert configuration["data"].get(name) != value
        configuration["data"][name] = value

    return broken


IN_PODS = variable("SESSION_DRIVER", "file")


def both(*breaks: Break) -> Break:
    """One after the other."""

    def broken(objects: list[Object]) -> None:
        for one_of_them in breaks:
            one_of_them(objects)

    return broken


def moved_to_the_ingress(name: str) -> Break:
    """Annotations of the Service are at the Ingress."""

    def broken(objects: list[Object]) -> None:
        service = annotations(objects, "Service")
        for found in [one for one in service if one.startswith(name)]:
            annotations(objects)[found] = service.pop(found)

    return broken


def session_name(objects: list[Object]) -> None:
    """The Gateway's cookie has the name of Laravel's."""
    rule = one(objects, "HTTPRoute", "shop")["spec"]["rules"][0]
    rule["sessionPersistence"]["sessionName"] = "shop_session"


def all_listeners(objects: list[Object]) -> None:
    """The route is at the listener for plain HTTP too, and nothing redirects."""
    objects.remove(one(objects, "HTTPRoute", "shop-redirect"))
    del one(objects, "HTTPRoute", "shop")["spec"]["parentRefs"][0]["sectionName"]


def gateway_class(controller: str) -> Break:
    """The class is served by somebody else."""

    def broken(objects: list[Object]) -> None:
        objects.append(
            {
                "apiVersion": "gateway.networking.k8s.io/v1",
                "kind": "GatewayClass",
                "metadata": {"name": "eg"},
                "spec": {"controllerName": controller},
            }
        )

    return broken


def schema_of(*fields: str) -> Break:
    """The cluster's HTTPRoute has these fields of a rule, and no more."""

    def broken(objects: list[Object]) -> None:
        rules = {"properties": {"rules": {"items": {"properties": {f: {} for f in fields}}}}}
        objects.append(
            {
                "apiVersion": "apiextensions.k8s.io/v1",
                "kind": "CustomResourceDefinition",
                "metadata": {"name": "httproutes.gateway.networking.k8s.io"},
                "spec": {
                    "group": "gateway.networking.k8s.io",
                    "names": {"kind": "HTTPRoute", "plural": "httproutes"},
                    "scope": "Namespaced",
                    "versions": [
                        {
                            "name": "v1",
                            "served": True,
                            "storage": True,
                            "schema": {"openAPIV3Schema": {"properties": {"spec": rules}}},
                        }
                    ],
                },
            }
        )

    return broken


def ingress_of_another(objects: list[Object]) -> None:
    """A class that somebody else serves."""
    one(objects, "Ingress")["spec"]["ingressClassName"] = "traefik"


def client_ip(objects: list[Object]) -> None:
    """The Service is told to know users by their address."""
    one(objects, "Service", "shop-web")["spec"]["sessionAffinity"] = "ClientIP"


def scaled(objects: list[Object]) -> None:
    """An autoscaler of the web pods, where none is there."""
    if any(o["kind"] == "HorizontalPodAutoscaler" for o in objects):
        return
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-web"}
    objects.append(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "shop-web"},
            "spec": {"maxReplicas": 9, "minReplicas": 2, "scaleTargetRef": target},
        }
    )


def replicas(objects: list[Object]) -> None:
    """Two web pods."""
    one(objects, "Deployment", "shop-web")["spec"]["replicas"] = 2


def in_the_pod(objects: list[Object]) -> None:
    """The volume is each pod's own."""
    spec = one(objects, "Deployment", "shop-web")["spec"]["template"]["spec"]
    for volume in spec["volumes"]:
        if volume["name"] == "uploads":
            del volume["persistentVolumeClaim"]
            volume["emptyDir"] = {}


def over_storage(objects: list[Object]) -> None:
    """An empty volume over all of ``storage``, in place of those of its parts."""
    spec = one(objects, "Deployment", "shop-web")["spec"]["template"]["spec"]
    for container in (*spec["initContainers"], *spec["containers"]):
        container["volumeMounts"] = [
            mount
            for mount in container["volumeMounts"]
            if not mount["mountPath"].startswith("/var/www/html/storage")
        ]
    php = spec["containers"][0]
    php["volumeMounts"].append({"name": "logs", "mountPath": "/var/www/html/storage"})


def shared_cache(objects: list[Object]) -> None:
    """The volume is over ``bootstrap/cache`` too."""
    spec = one(objects, "Deployment", "shop-web")["spec"]["template"]["spec"]
    for container in (*spec["initContainers"], *spec["containers"]):
        for mount in container["volumeMounts"]:
            if mount["mountPath"].endswith("bootstrap/cache"):
                mount["name"] = "uploads"


@dataclass(frozen=True)
class Case:
    """A rendering, what is broken in it, and the rule that has to say so."""

    rule: str
    broken: Break
    spec: dict[str, Any] = field(default_factory=dict)
    unsure: bool = False


SHARED = {"uploads": {"volume": {"storageClass": "efs"}}}
BLOCK = {"uploads": {"volume": {"access": "ReadWriteOnce"}}}

CASES = {
    "nginx: Laravel's own cookie": Case(
        "HF713",
        said("Ingress", **{N + "session-cookie-name": "shop_session"}),
        {"edge": NGINX, "session": STICKY},
    ),
    "nginx: a hash of Laravel's own cookie": Case(
        "HF713",
        said("Ingress", **{N + "upstream-hash-by": "$cookie_shop_session"}),
        {"edge": NGINX, "session": STICKY},
    ),
    "nginx: a word that nobody reads": Case(
        "HF707",
        said("Ingress", **{N + "affinity-mode": None, N + "affinity-node": "persistent"}),
        {"edge": NGINX, "session": STICKY},
    ),
    "nginx: a mode that is none": Case(
        "HF707",
        said("Ingress", **{N + "affinity-mode": "sticky"}),
        {"edge": NGINX, "session": STICKY},
    ),
    "nginx: the Service's address": Case(
        "HF709",
        said("Ingress", **{N + "service-upstream": "true"}),
        {"edge": NGINX, "session": STICKY},
    ),
    "nginx: a class of Traefik": Case(
        "HF707", ingress_of_another, {"edge": NGINX, "session": STICKY}
    ),
    "nginx: small buffers and sessions in cookies": Case(
        "HF410",
        said("Ingress", **{N + "proxy-buffer-size": None}),
        {"edge": NGINX, "session": {"driver": "cookie"}},
        unsure=True,
    ),
    "nginx: ClientIP of the Service": Case("HF702", client_ip, {"edge": NGINX}),
    "Traefik: Laravel's own cookie": Case(
        "HF713",
        said("Service", **{T + ".name": "shop_session"}),
        {"edge": TRAEFIK, "session": STICKY},
    ),
    "Traefik: words of the Service at the Ingress": Case(
        "HF707", moved_to_the_ingress(T), {"edge": TRAEFIK, "session": STICKY}
    ),
    "Traefik: the Service's address": Case(
        "HF709",
        said("Service", **{"traefik.ingress.kubernetes.io/service.nativelb": "true"}),
        {"edge": TRAEFIK, "session": STICKY},
    ),
    "HAProxy: Laravel's own cookie": Case(
        "HF713",
        said("Service", **{H: "shop_session"}),
        {"edge": HAPROXY, "session": STICKY},
    ),
    "HAProxy: words of the Service at the Ingress": Case(
        "HF707", moved_to_the_ingress(H), {"edge": HAPROXY, "session": STICKY}, unsure=True
    ),
    "ALB: nodes, and sessions in pods": Case(
        "HF721",
        both(said("Ingress", **{A + "target-type": "instance"}), IN_PODS),
        {"edge": ALB, "session": {"affinity": {}}, "web": {"drain": 30}},
    ),
    "nginx: a cookie that ends first, and sessions in pods": Case(
        "HF714",
        both(said("Ingress", **{N + "session-cookie-max-age": "600"}), IN_PODS),
        {"edge": NGINX, "session": STICKY},
    ),
    "nginx: balanced below an autoscaler, and sessions in pods": Case(
        "HF705",
        both(said("Ingress", **{N + "affinity-mode": "balanced"}), IN_PODS, scaled),
        {"edge": NGINX, "session": STICKY, "web": {"min": 2, "max": 9}},
    ),
    "Gateway: Laravel's own cookie": Case(
        "HF713", session_name, {"edge": ENVOY, "session": STICKY}
    ),
    "Gateway: of Traefik": Case(
        "HF715",
        gateway_class("traefik.io/gateway-controller"),
        {"edge": ENVOY, "session": STICKY},
    ),
    "Gateway: of Istio": Case(
        "HF715",
        gateway_class("istio.io/gateway-controller"),
        {"edge": ENVOY, "session": STICKY},
    ),
    "Gateway: standard channel": Case(
        "HF716", schema_of("backendRefs", "matches"), {"edge": ENVOY, "session": STICKY}
    ),
    "Gateway: plain HTTP": Case("HF416", all_listeners, {"edge": ENVOY}),
    "nginx: plain HTTP": Case(
        "HF416",
        said("Ingress", **{N + "force-ssl-redirect": None, N + "ssl-redirect": "false"}),
        {"edge": NGINX},
        unsure=True,
    ),
    "sessions in pods": Case("HF101", IN_PODS, {"edge": NGINX}),
    "sessions in pods, and affinity": Case(
        "HF701",
        IN_PODS,
        {"edge": NGINX, "session": STICKY},
    ),
    "a cookie that travels in the clear": Case(
        "HF404", variable("SESSION_SECURE_COOKIE", "false"), {"edge": NGINX}
    ),
    "uploads in pods": Case("HF930", variable("FILESYSTEM_DISK", "public"), {}),
    "uploads in pods, with a volume of their own": Case(
        "HF930",
        in_the_pod,
        {"storage": SHARED, "config": {"FILESYSTEM_DISK": "public"}},
    ),
    "a block device of two pods": Case("HF104", replicas, {"storage": BLOCK, "web": {"min": 1}}),
    "a volume over the cached configuration": Case("HF115", shared_cache, {"storage": SHARED}),
    "an empty volume over storage": Case("HF106", over_storage, {}, unsure=True),
}


@pytest.mark.parametrize("case", CASES)
def test_broken(case):
    wanted = CASES[case]
    objects = rendered(application(**wanted.spec))
    assert findings(objects, rules=[wanted.rule]) == []
    wanted.broken(objects)
    found = findings(objects, rules=[wanted.rule])
    assert found
    assert all(one.endswith("?") is wanted.unsure for one in found)
