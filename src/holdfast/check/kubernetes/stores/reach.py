"""Which store a host name means, seen from a pod.

Kubernetes 1.34, «DNS for Services and Pods»: ``name`` is a Service of the pod's own namespace,
``name.namespace`` and ``name.namespace.svc.<cluster domain>`` of another; ``pod.name...`` is one
pod of a headless one.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import msgspec

from holdfast.check.kubernetes.objects import (
    Object,
    Objects,
    get,
    grouped,
    items,
    same_namespace,
    selects,
    text,
    words,
)
from holdfast.check.kubernetes.stores.haproxy import Proxy, proxies_in
from holdfast.check.kubernetes.stores.operators import stores_made
from holdfast.check.kubernetes.stores.pods import stores_in
from holdfast.check.kubernetes.stores.store import SENTINEL_PORT, Role, Store
from holdfast.check.kubernetes.workload import Workload

_MAX_ALIASES = 4


class Where(enum.Enum):
    """Where a host is."""

    HERE = "here"
    """In the pod itself."""
    INSIDE = "inside"
    """A Service among the manifests, or one that an operator makes of them."""
    OUTSIDE = "outside"
    """Not in the cluster, or not by a name of it."""
    UNKNOWN = "unknown"
    """Maybe a Service that is not among the manifests."""


class Lead(msgspec.Struct, frozen=True):
    """A store behind a name.

    Args:
        store: it.
        to: which of its pods are reached: its own role where all of them are.
        pod: whether the name is that of one pod only.
    """

    store: Store
    to: Role
    pod: bool = False


class Reached(msgspec.Struct, frozen=True):
    """What is behind a host name.

    Args:
        where: it is.
        leads: the stores there; empty also where the Service leads to what is no store.
        service: the Service; None where there is none, or an operator makes it.
    """

    where: Where
    leads: tuple[Lead, ...] = ()
    service: Object | None = None

    @property
    def only(self) -> Store | None:
        """The one store, where there is one only."""
        return self.leads[0].store if len(self.leads) == 1 else None

    @property
    def headless(self) -> bool:
        """Whether the Service gives the addresses of all its pods."""
        return self.service is not None and self.service.get("spec", "clusterIP") == "None"


@dataclass(frozen=True, eq=False)
class Stores:
    """The stores among the manifests."""

    objects: Objects = field(repr=False)
    all: tuple[Store, ...]
    proxies: tuple[Proxy, ...] = ()

    def __iter__(self) -> Iterator[Store]:
        return iter(self.all)

    def behind(self, host: str, port: int | None, workload: Workload) -> Reached:
        """What a host name means to a workload.

        Args:
            host: as it is configured; a scheme in front is taken off.
            port: as it is configured; None where it is not known.
            workload: whose pods connect.
        """
        name = host.strip().rpartition("://")[2].rstrip(".").lower()
        if not name or any(sign in name for sign in ",/ $"):
            return Reached(Where.UNKNOWN)
        if _is_loopback(name):
            mine = [s for s in self._by_owner.get(id(workload.object), ()) if s.container]
            return Reached(Where.HERE, tuple(Lead(s, s.role) for s in _listening(mine, port)))
        if _is_address(name):
            return Reached(Where.UNKNOWN)
        return self._named(name, port, workload.namespace, _MAX_ALIASES)

    def _named(self, name: str, port: int | None, namespace: str, depth: int) -> Reached:
        labels = name.split(".")
        if len(labels) > 2 and "svc" in labels[2:4]:
            at = labels.index("svc", 2)
            return self._service(labels[at - 2], labels[at - 1], port, at == 3, depth)
        if len(labels) == 1:
            return self._service(name, namespace, port, pod=False, depth=depth)
        if len(labels) == 2:
            found = self._service(labels[0], labels[1], port, pod=False, depth=depth)
            if found.where is not Where.UNKNOWN:
                return found
            # redis-0.redis-headless, or a Service of a namespace that is not among these.
            return self._service(labels[1], namespace, port, pod=True, depth=depth)
        if len(labels) == 3:
            found = self._service(labels[1], labels[2], port, pod=True, depth=depth)
            if found.where is Where.INSIDE:
                return found
        return Reached(Where.OUTSIDE)

    def _service(
        self, name: str, namespace: str, port: int | None, pod: bool, depth: int
    ) -> Reached:
        service = self.objects.find("Service", name, namespace)
        if service is None:
            return self._made(name, namespace)
        if service.get("spec", "type") == "ExternalName":
            target = text(service.get("spec", "externalName")).rstrip(".").lower()
            if not target or not depth:
                return Reached(Where.UNKNOWN, service=service)
            reached = self._named(target, port, service.namespace, depth - 1)
            return Reached(reached.where, reached.leads, reached.service or service)
        selector = service.get("spec", "selector")
        if not selector:
            return Reached(Where.UNKNOWN, service=service)
        behind = [
            store
            for store in self._asked_for(selector)
            if same_namespace(store.object.namespace, service.namespace)
            and selects(_without_role(selector, store), store.labels)
        ]
        leads = tuple(
            Lead(store, _role(selector, store), pod)
            for store in _listening(behind, _target(service, port))
        )
        if not leads and depth:
            leads = self._behind_proxies(service, selector, depth)
        return Reached(Where.INSIDE, leads, service)

    def _behind_proxies(self, service: Object, selector: object, depth: int) -> tuple[Lead, ...]:
        """What a proxy leads to that the Service selects; each store once."""
        found: dict[int, Lead] = {}
        for proxy in self.proxies:
            if not same_namespace(proxy.object.namespace, service.namespace):
                continue
            if not selects(selector, proxy.labels):
                continue
            for host, port in proxy.hosts:
                for lead in self._named(host, port, service.namespace, depth - 1).leads:
                    to = Role.MASTER if proxy.to_master else lead.to
                    found[id(lead.store)] = Lead(lead.store, to)
        return tuple(found.values())

    def _made(self, name: str, namespace: str) -> Reached:
        """A Service that an operator makes."""
        leads = tuple(
            Lead(store, store.services[name])
            for store in self._by_service.get(name, ())
            if same_namespace(store.object.namespace, namespace)
        )
        return Reached(Where.INSIDE if leads else Where.UNKNOWN, leads)

    def _asked_for(self, selector: object) -> Iterable[Store]:
        """Those that a selector may take: they have one of its labels at the least."""
        found: dict[int, Store] = {}
        for label in words(selector).items():
            found |= {id(store): store for store in self._by_label.get(label, ())}
        return found.values()

    @cached_property
    def _by_label(self) -> Mapping[tuple[str, str], tuple[Store, ...]]:
        return grouped((label, store) for store in self.all for label in store.labels.items())

    @cached_property
    def _by_service(self) -> Mapping[str, tuple[Store, ...]]:
        return grouped((name, store) for store in self.all for name in store.services)

    @cached_property
    def _by_owner(self) -> Mapping[int, tuple[Store, ...]]:
        return grouped((id(store.object), store) for store in self.all)


def stores_of(objects: Objects, workloads: Iterable[Workload]) -> Stores:
    """The stores among objects, and the workloads among them."""
    all_of_them = tuple(workloads)
    stores = (*stores_in(all_of_them), *stores_made(objects))
    return Stores(objects, stores, tuple(proxies_in(all_of_them)))


def _listening(stores: list[Store], port: int | str | None) -> list[Store]:
    """Those that listen on a port, where it tells them apart: Sentinel runs beside Redis."""
    if isinstance(port, str):
        named = [store for store in stores if port in _port_names(store)]
        return named or [store for store in stores if not _port_names(store)]
    if port is not None:
        exact = [store for store in stores if store.port == port]
        if exact:
            return exact
    if port == SENTINEL_PORT:
        return [store for store in stores if store.role is Role.SENTINEL]
    return [store for store in stores if store.role is not Role.SENTINEL] or stores


def _port_names(store: Store) -> list[str]:
    ports = items(store.container.body, "ports") if store.container else []
    return [text(get(port, "name")) for port in ports if get(port, "name")]


def _target(service: Object, port: int | None) -> int | str | None:
    """The port of the pods that a port of a Service means: a number or a name."""
    ports = items(service.body, "spec", "ports")
    chosen = [entry for entry in ports if port is not None and get(entry, "port") == port]
    if port is None and len(ports) == 1:
        chosen = ports
    if not chosen:
        return port
    target = get(chosen[0], "targetPort")
    if isinstance(target, int | str):
        return target
    number = get(chosen[0], "port")
    return number if isinstance(number, int) else None


_ROLES = ("role", "redis-role", "redis.role", "app.kubernetes.io/component", "redis_role")


def _without_role(selector: object, store: Store) -> object:
    """A selector without the labels that only the running pods of a replication have."""
    if not isinstance(selector, dict):
        return selector
    late = {key for key in _ROLES if key in selector and key not in store.labels}
    return {key: value for key, value in selector.items() if key not in late}


def _role(selector: object, store: Store) -> Role:
    """Which pods of a store a selector takes."""
    for key in _ROLES:
        value = get(selector, key)
        if isinstance(value, str) and key not in store.labels:
            if value in ("master", "primary", "leader"):
                return Role.MASTER
            if value in ("slave", "replica", "secondary", "follower"):
                return Role.REPLICA
    return store.role


def _is_loopback(name: str) -> bool:
    return name == "localhost" or name.startswith("127.") or name in ("::1", "[::1]")


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return False
    return True
