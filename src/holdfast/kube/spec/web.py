"""The replicas that answer requests."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from holdfast.kube.spec.words import Part, Path, Percent, Quantity, Resources, Seconds

Runtime = Literal["fpm-nginx", "frankenphp", "octane"]
Server = Literal["frankenphp", "swoole", "roadrunner"]


class Autoscale(Part, frozen=True, kw_only=True):
    """When replicas are added between ``min`` and ``max``."""

    cpu: Annotated[Percent, Meta(description="Average use of the reserved processor.")] = 70
    busy: Annotated[
        Percent | None,
        Meta(
            description="Share of busy PHP processes; needs fpm-nginx, monitoring and a metrics"
            " adapter for phpfpm_process_utilization."
        ),
    ] = None


class Web(Part, frozen=True, kw_only=True):
    """Stateless replicas; ``max`` above ``min`` scales them out."""

    runtime: Runtime = "fpm-nginx"
    server: Annotated[
        Server | None,
        Meta(description="What serves Octane; only with runtime octane. Absent: frankenphp."),
    ] = None
    min: Annotated[int, Meta(ge=1, le=1000)] = 2
    max: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None, Meta(description="Absent: as many as min.")
    ] = None
    longest_request: Annotated[
        Seconds, Meta(description="So long a request may take; a stop waits for it.")
    ] = 30
    drain: Annotated[
        Seconds,
        Meta(
            description="Seconds in which edges stop sending requests to a pod that ends, before it"
            " stops. A load balancer outside the cluster may need more."
        ),
    ] = 10
    grace: Annotated[
        Seconds | None,
        Meta(description="Seconds a pod has to stop; absent: computed from longestRequest."),
    ] = None
    processes: Annotated[
        int, Meta(ge=1, le=1000, description="PHP processes or Octane workers of a replica.")
    ] = 10
    max_body: Annotated[Quantity, Meta(description="The largest request body.")] = "20Mi"
    health: Annotated[
        Path | None,
        Meta(
            description="A route outside the web group, which opens no session. Absent: /up from"
            " Laravel 11 on, before that PHP's own ping."
        ),
    ] = None
    port: Annotated[
        int,
        Meta(
            ge=1024,
            le=65535,
            description="Where the container listens; above 1023, it is not root.",
        ),
    ] = 8080
    autoscale: Autoscale = Autoscale()
    resources: Resources = Resources()
