"""The server that a process keeps its sessions in, among the manifests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import msgspec

from holdfast.check.facts.endpoints import Endpoint, session_redis
from holdfast.check.finding import Related
from holdfast.check.kubernetes.stores.image import image
from holdfast.check.kubernetes.stores.reach import Lead, Reached, Where
from holdfast.check.kubernetes.stores.store import Role as StoreRole
from holdfast.check.kubernetes.stores.store import Store
from holdfast.check.process import Process, Role
from holdfast.check.target import Target


class Kept(msgspec.Struct, frozen=True):
    """A process, and the store that its sessions are in."""

    process: Process
    endpoint: Endpoint
    reached: Reached
    lead: Lead

    @property
    def store(self) -> Store:
        """The store."""
        return self.lead.store

    @property
    def here(self) -> bool:
        """Whether it runs in the pods of the process itself."""
        return self.reached.where is Where.HERE

    @property
    def related(self) -> Related:
        """What leads the sessions there."""
        return Related(self.endpoint.place, f"{self.process} keeps its sessions there")


def reached(target: Target, process: Process, endpoint: Endpoint) -> Reached:
    """What is behind an endpoint of a process."""
    if process.workload is None:
        return Reached(Where.UNKNOWN)
    return target.stores.behind(endpoint.host, endpoint.port, process.workload)


@lru_cache(maxsize=8)  # a dozen rules ask, one target after the other
def kept_in_redis(target: Target) -> tuple[Kept, ...]:
    """The web processes whose Redis is among the manifests, each with it; Sentinels are none.

    Only where one name leads to one store: then what the store is set to befalls the sessions.
    """
    return tuple(_kept_in_redis(target))


def _kept_in_redis(target: Target) -> Iterator[Kept]:
    for process in target.processes(Role.WEB):
        endpoint = session_redis(process)
        if endpoint is None:
            continue
        found = reached(target, process, endpoint)
        if (
            len(found.leads) == 1
            and found.leads[0].store.redis_like
            and found.leads[0].to is not StoreRole.SENTINEL
        ):
            yield Kept(process, endpoint, found, found.leads[0])


def session_stores(target: Target) -> Iterator[Kept]:
    """As ``kept_in_redis``, each store once: what is wrong with a store is said once."""
    seen: set[int] = set()
    for one in kept_in_redis(target):
        if id(one.store) not in seen:
            seen.add(id(one.store))
            yield one


def stores_not_seen(target: Target) -> Iterator[tuple[Process, str]]:
    """The web processes with sessions in Redis whose Redis cannot be judged, and why."""
    for process in target.processes(Role.WEB):
        if process.workload is None or process.settings.text("session.driver") != "redis":
            continue
        endpoint = session_redis(process)
        if endpoint is None:
            yield process, "the host of its connection is not known"
        elif not (leads := reached(target, process, endpoint).leads):
            yield process, f"{endpoint.host} is not among these manifests"
        elif len(leads) > 1:
            yield process, f"{endpoint.host} leads to several"


def lasting(store: Store) -> str:
    """The hint for a store whose data go with its pod: what keeps them, by what the store is."""
    at = f" at {store.disk.path}" if store.disk.path else " at its data directory"
    if store.container is None:
        return f"ask for storage that lasts in the spec of {store}"
    if store.object.kind == "StatefulSet":
        # Kubernetes refuses other volumeClaimTemplates for a StatefulSet that is there.
        return f"a volumeClaimTemplate{at}, in a StatefulSet that is made anew"
    return f"a persistentVolumeClaim{at} and strategy: {{type: Recreate}}, or make it a StatefulSet"


def writing(store: Store) -> str:
    """The hint that makes a Redis write down all that it is told; empty where it does."""
    kind = image(store.container.image) if store.container else None
    if store.product == "dragonfly" or store.settings.value("appendonly", "no") != "no":
        return ""
    if kind is not None and kind.maker == "bitnami":
        return f"{store.product.upper()}_AOF_ENABLED=yes"
    if kind is not None and kind.maker == "stack":
        return 'REDIS_ARGS="--appendonly yes"'
    return "appendonly yes (--appendonly yes in its command)"
