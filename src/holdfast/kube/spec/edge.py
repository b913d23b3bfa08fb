"""How requests come in, and what they meet on their way."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from holdfast.kube.spec.words import Name, Network, ObjectName, Part, Port, Url

QUALIFIED = (
    "^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?"
    "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$"
)
"""What labels and annotations may be called (apimachinery, ``IsQualifiedName``)."""

Labels = Annotated[
    dict[
        Annotated[
            str,
            Meta(
                pattern=QUALIFIED,
                max_length=253,
                title="the name of a label",
            ),
        ],
        Annotated[
            str,
            Meta(
                pattern="^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$",
                max_length=63,
                title="the value of a label: letters, digits, -, _ and .",
            ),
        ],
    ],
    Meta(max_length=50),
]


Annotations = Annotated[
    dict[
        Annotated[
            str,
            Meta(
                pattern=QUALIFIED,
                max_length=253,
                title="the name of an annotation",
            ),
        ],
        Annotated[str, Meta(max_length=4096)],
    ],
    Meta(max_length=50),
]


class Tls(Part, frozen=True, kw_only=True):
    """Who makes the certificate."""

    issuer: Annotated[ObjectName | None, Meta(description="cert-manager's ClusterIssuer.")] = None
    secret_name: Annotated[
        ObjectName | None, Meta(description="Where the certificate is; absent: NAME-tls.")
    ] = None


class Ingress(Part, frozen=True, kw_only=True):
    """An Ingress; the controller decides which annotations mean something."""

    controller: Literal["any", "nginx", "traefik", "haproxy", "alb"] = "any"
    class_name: Annotated[
        ObjectName | None, Meta(description="Absent: the controller's usual one.")
    ] = None
    annotations: Annotated[
        Annotations,
        Meta(
            description="More of them, for what else the controller can do, e.g. the scheme or the"
            " certificate of a load balancer; never for affinity, which is session.affinity."
        ),
    ] = msgspec.field(default_factory=dict)


class Gateway(Part, frozen=True, kw_only=True):
    """An HTTPRoute, to a Gateway of its own or to one that is already there."""

    controller: Literal["envoy-gateway", "istio", "cilium", "nginx", "traefik", "other"] = "other"
    class_name: Annotated[
        ObjectName | None, Meta(description="The GatewayClass of a Gateway of its own.")
    ] = None
    name: Annotated[ObjectName | None, Meta(description="A Gateway that is already there.")] = None
    namespace: Annotated[ObjectName | None, Meta(description="Its namespace.")] = None
    section: Annotated[ObjectName | None, Meta(description="Its listener for HTTPS.")] = None
    version: Annotated[
        Literal["1.2", "1.5", "1.6"],
        Meta(
            title="1.2 (for 1.3 and 1.4 too), 1.5 or 1.6, in quotes",
            description="Of the Gateway API's CRDs in the cluster.",
        ),
    ] = "1.2"
    channel: Literal["standard", "experimental"] = "standard"


class Edge(Part, frozen=True, kw_only=True):
    """One of ingress and gateway; absent: an Ingress of the cluster's default class."""

    ingress: Ingress | None = None
    gateway: Gateway | None = None
    tls: Tls = Tls()
    namespace: Annotated[
        ObjectName | None,
        Meta(description="Where its pods run, for the NetworkPolicy; absent: as is usual."),
    ] = None
    trusted_proxies: Annotated[
        tuple[Network, ...],
        Meta(
            max_length=50, description="Whose X-Forwarded headers count; absent: private networks."
        ),
    ] = ()


class Istio(Part, frozen=True, kw_only=True):
    """Istio, by sidecars or in ambient mode. The application does not change."""

    mode: Literal["sidecar", "ambient"] = "sidecar"
    revision: Annotated[
        Name | None, Meta(description="istio.io/rev, where revisions are used.")
    ] = None


class Linkerd(Part, frozen=True, kw_only=True):
    """Linkerd's proxies."""


class Mesh(Part, frozen=True, kw_only=True):
    """One of these."""

    istio: Istio | None = None
    linkerd: Linkerd | None = None
    joining: Annotated[
        bool,
        Meta(
            description="For the rollout that brings a running application into the mesh: pods"
            " that are not in it yet are still answered. Afterwards false."
        ),
    ] = False


class Monitoring(Part, frozen=True, kw_only=True):
    """What Prometheus's operator and Grafana are told."""

    labels: Annotated[
        Labels, Meta(description="By which Prometheus chooses, e.g. release: prometheus.")
    ] = msgspec.field(default_factory=dict)
    namespace: Annotated[ObjectName, Meta(description="Where Prometheus runs.")] = "monitoring"
    dashboard: Annotated[bool, Meta(description="A ConfigMap with a dashboard for Grafana.")] = True
    runbooks: Annotated[
        Url | None,
        Meta(
            description="Where your people read docs/render-monitoring.md; each alert leads to its"
            " own heading there. Absent: alerts say the page's name.",
        ),
    ] = None


class Destination(Part, frozen=True, kw_only=True):
    """Somewhere that pods of the application may connect to."""

    network: Network
    ports: Annotated[tuple[Port, ...], Meta(min_length=1, max_length=20)]


class Restrictions(Part, frozen=True, kw_only=True):
    """Who may connect to whom."""

    egress: Annotated[
        tuple[Destination, ...] | None,
        Meta(description="Absent: the application may connect to anywhere."),
    ] = None
