"""What an edge makes of a request: which host and path go to which Service, and how sticky."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass, field

import msgspec

from holdfast.check.kubernetes.objects import Object
from holdfast.manifests.place import Place


class Edge(enum.StrEnum):
    """What stands between browsers and Services, as people call it."""

    INGRESS_NGINX = "ingress-nginx"
    NGINX_INC = "NGINX Ingress Controller"
    TRAEFIK = "Traefik"
    HAPROXY = "HAProxy Kubernetes Ingress Controller"
    HAPROXY_INGRESS = "HAProxy Ingress"
    ALB = "AWS Load Balancer Controller"
    GCE = "GKE Ingress"
    CONTOUR = "Contour"
    ISTIO = "Istio"
    GATEWAY = "the Gateway"
    OPENSHIFT = "the OpenShift router"
    SERVICE = "the Service"
    UNKNOWN = "the ingress controller"


class Stickiness(enum.Enum):
    """What keeps a user at a pod."""

    COOKIE = "cookie"
    """The edge's own, which names the pod."""
    CLIENT_IP = "client-ip"
    HASH = "hash"
    """A place on a ring, from something of the request: it moves when pods come and go."""


class Affinity(msgspec.Struct, frozen=True):
    """What an edge does so that a user meets the same pod again.

    Args:
        kind: of it.
        place: where it is asked for.
        by: the object that asks for it: ``Ingress shop/web``.
        cookie: that the edge sets, or that a hash is computed of; empty where there is none or its
            name is the edge's own choice.
        cookie_place: where that name is written; None where it is the default.
        lifetime: seconds until it is forgotten; None for as long as the browser or the edge lives.
        moves: some users move when pods are added.
        to_node: it ends at a node, behind which any pod answers.
    """

    kind: Stickiness
    place: Place
    by: str
    cookie: str = ""
    cookie_place: Place | None = None
    lifetime: int | None = None
    moves: bool = False
    to_node: bool = False


@dataclass(frozen=True, eq=False)
class Route:
    """One way from a host to a Service.

    Args:
        object: that says so.
        edge: that does it.
        host: empty for any; may begin with ``*.``.
        path: as it is written; empty for any.
        service: namespace, which may be empty, and name.
        port: number or name; None where it is not said.
        rule: where in the object it is said.
        place: of the host, or of the rule where it has none.
        tls: whether TLS ends at the edge; False where the edge passes it through, None where no
            manifest says (something before the edge may end it).
        redirects: whether plain HTTP is sent to HTTPS; None where no manifest says.
        affinity: None where there is none.
        rewrite: what the path becomes; empty where it stays.
        regex: the path is a regular expression.
        weight: of a split; None where there is none.
        to_pods: whether the edge chooses a pod itself; False where it sends to the Service's own
            address, behind which kube-proxy chooses, None where that is not known.
    """

    object: Object
    edge: Edge
    host: str
    path: str
    service: tuple[str, str]
    port: int | str | None = field(repr=False)
    rule: tuple[str | int, ...] = field(repr=False)
    place: Place = field(repr=False)
    tls: bool | None = None
    redirects: bool | None = None
    affinity: Affinity | None = None
    rewrite: str = ""
    regex: bool = False
    weight: int | None = None
    to_pods: bool | None = None


_DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h|d|)")
_SECONDS = {"ms": 0.001, "s": 1, "": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(written: object) -> int | None:
    """A length of time, ``90``, ``"90"``, ``1h30m``, in seconds; None where it is none."""
    if isinstance(written, bool) or not isinstance(written, int | str):
        return None
    text = str(written).strip()
    parts = list(_DURATION.finditer(text))
    if not parts or "".join(part[0] for part in parts) != text:
        return None
    return int(sum(float(part["number"]) * _SECONDS[part["unit"]] for part in parts))
