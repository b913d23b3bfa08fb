"""Who may connect to the store's pods, and where these may connect to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from holdfast.kube.app import App, Object
from holdfast.kube.mesh import network as mesh
from holdfast.kube.network import clients
from holdfast.kube.network.rule import dns, pods_of, policy, tcp
from holdfast.kube.objects import named
from holdfast.kube.session_store.choice import (
    PROXY,
    REDIS_PORT,
    SENTINEL_PORT,
    SENTINELS,
    SERVERS,
    components,
    rendered_redis,
)
from holdfast.kube.spec.session import OperatorRedis

PORTS: Mapping[str, int] = {
    SERVERS: REDIS_PORT,
    SENTINELS: SENTINEL_PORT,
    PROXY: REDIS_PORT,
}
_OPERATOR = {"matchLabels": {"name": "redis-operator"}}
"""redis-operator v0.26.0, charts/redis-operator, «redisOperator.selectorLabels»; in any namespace:
charts are installed where people like."""


def entrance(app: App) -> str | None:
    """The component to which the application connects; None where the store is somebody else's."""
    there = components(app)
    if not there:
        return None
    return PROXY if PROXY in there else SERVERS


def policies(app: App) -> Iterator[Object]:
    """One for each component of the store."""
    there = components(app)
    for component in there:
        inner = [other for other in there if component in _asks(there, other)]
        asked = _asks(there, component)
        yield policy(
            app,
            named(app, component),
            component,
            pods_of(app, [component]),
            ingress=list(_ingress(app, component, inner)),
            egress=list(_egress(app, asked)),
        )


def _asks(there: Iterable[str], component: str) -> list[str]:
    """Which components a component of the store connects to."""
    if SENTINELS not in there:
        return []
    return [SERVERS] if component == PROXY else [SERVERS, SENTINELS]


def _ingress(app: App, component: str, inner: list[str]) -> Iterator[Object]:
    sources = []
    if component == entrance(app):
        sources.append({"podSelector": pods_of(app, clients.components(app))})
    if inner:
        sources.append({"podSelector": pods_of(app, inner)})
    if isinstance(rendered_redis(app), OperatorRedis):
        sources.append({"namespaceSelector": {}, "podSelector": _OPERATOR})
    yield {"from": sources, "ports": tcp([PORTS[component], *mesh.ports(app)])}


def _egress(app: App, asked: list[str]) -> Iterator[Object]:
    """To each other by name; one that is alone asks nobody."""
    control = mesh.control_plane(app)
    if asked or control:
        yield dns()
    for component in asked:
        yield {
            "to": [{"podSelector": pods_of(app, [component])}],
            "ports": tcp([PORTS[component], *mesh.ports(app)]),
        }
    yield from control
