"""The session path of a process: every step between a browser's cookie and the bytes in the store.

A step says what is in effect there and where that is written, or why it cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import msgspec

from holdfast.check.facts.endpoints import memcached_server, session_database, session_redis
from holdfast.check.facts.session_store import reached
from holdfast.check.kubernetes.edges.route import Stickiness
from holdfast.check.kubernetes.objects import text, whole
from holdfast.check.kubernetes.stores.store import Keeps, Store
from holdfast.check.process import Process, Role
from holdfast.check.target import Target
from holdfast.manifests.place import Place

if TYPE_CHECKING:
    from holdfast.project.effective import Effective


class Step(msgspec.Struct, frozen=True):
    """One value on the way.

    Args:
        station: ``cookie``, ``key``, ``serializer``, ``store``, ``affinity``, ``rollout``.
        name: what of it: ``name``, ``domain``, ``driver``, ...
        value: what is in effect; None where it cannot be told.
        place: where it is written; None where nothing is.
        why: why it cannot be told.
    """

    station: str
    name: str
    value: str | None
    place: Place | None
    why: str = ""


_STATIONS = (
    ("cookie", (("name", "cookie"), ("domain", "domain"), ("secure", "secure"),
                ("same-site", "same_site"), ("lifetime", "lifetime"))),
    ("key", (("APP_KEY", "app.key"), ("previous keys", "app.previous_keys"))),
    ("serializer", (("format", "serialization"), ("encrypted", "encrypt"))),
    ("store", (("driver", "driver"),)),
)  # fmt: skip
_BY_DRIVER = {
    "redis": (("host", "redis.host"), ("port", "redis.port"), ("database", "redis.database"),
              ("key prefix", "redis.session_key_prefix")),
    "database": (("connection", "database.connection"), ("kind", "database.driver"),
                 ("host", "database.host"), ("table", "table")),
    "file": (("directory", "files"),),
}  # fmt: skip


def session_path(target: Target, process: Process) -> tuple[Step, ...]:
    """The steps of one process, from the browser to the store, and how its pods come and go.

    Args:
        target: that it is a part of.
        process: whose.
    """
    session = process.settings.session
    steps = list(_of_settings(process, session) if session else _of_variables(process))
    return (*steps, *_server(target, process), *_edge(target, process), *_rollout(process))


def _of_settings(process: Process, session: Effective) -> Iterator[Step]:
    rows = {row.name: row for row in session.rows}
    driver = str(rows["driver"].value) if "driver" in rows else ""
    stations = [*_STATIONS, ("store", _BY_DRIVER.get(driver, ()))]
    missing = {lack.name: lack for lack in session.missing}
    for station, members in stations:
        for name, row in members:
            if row in rows:
                found = rows[row]
                source = found.source
                spot = source.uses[0].place if source.uses else source.places[0]
                value = _word(found.value, seconds=row == "lifetime")
                yield Step(station, name, _in_the_pod(process, value), process.settings.spot(spot))
            elif row in missing:
                lack = missing[row]
                yield Step(station, name, None, process.settings.spot(lack.place), lack.why)


def _in_the_pod(process: Process, value: str) -> str:
    """A value in which the project's directory on this machine is where the pod has it: unknown."""
    project = process.settings.project
    within = f"{project.directory}/" if project else ""
    if not within or not value.startswith(within):
        return value
    return f"{value.removeprefix(within)}, in the application's directory"


_VARIABLES = (
    ("cookie", "name", "session.cookie"),
    ("cookie", "domain", "session.domain"),
    ("store", "driver", "session.driver"),
    ("store", "host", "database.redis.default.host"),
)


def _of_variables(process: Process) -> Iterator[Step]:
    """Without the project only what variables say is known."""
    settings = process.settings
    for station, name, setting in _VARIABLES:
        place = settings.place(setting)
        if settings.known(setting):
            yield Step(station, name, _word(settings.scalar(setting)), place)
        else:
            why = "the Laravel project is not among what is checked"
            yield Step(station, name, None, place if place.file else None, why)


_KEEPS = {
    Keeps.CLAIM: "a volume that outlives the pod",
    Keeps.NODE: "a directory of its node",
    Keeps.POD: "a volume that is deleted with the pod",
    Keeps.CONTAINER: "no volume",
}


def _server(target: Target, process: Process) -> Iterator[Step]:
    """The server behind the host, where it is among the manifests: what it does when it is full,
    and what is left of it after a restart.
    """
    endpoint = session_redis(process) or memcached_server(process) or session_database(process)
    found = reached(target, process, endpoint) if endpoint else None
    if found is None or found.only is None:
        return
    store = found.only
    yield Step("store", "server", str(store), store.place)
    if store.redis_like:
        yield _when_full(store)
    disk = _KEEPS.get(store.disk.keeps)
    why = "" if disk else "the directory that it writes to is not known"
    yield Step("store", "data on", disk, store.disk.place, why)
    if store.product in ("redis", "valkey", "keydb"):
        yield _writes(store)


def _when_full(store: Store) -> Step:
    policy = store.evicts
    if policy is not None:
        by = "its cache mode" if store.product == "dragonfly" else policy.value
        return Step("store", "when full", f"throws keys away ({by})", policy.place)
    said = store.settings.get("maxmemory")
    known = store.max_memory
    if known is None or store.settings.value("maxmemory-policy", "noeviction") != "noeviction":
        return Step("store", "when full", None, store.place, store.settings.open or "not known")
    value = f"refuses to write, at {said.value}" if said and known else "grows without a limit"
    return Step("store", "when full", value, said.place if said else store.place)


_FLUSHED: Final = {
    "always": "each change, at once",
    "everysec": "each change, within a second",
    "no": "each change, when the kernel does",
}


def _writes(store: Store) -> Step:
    append = store.settings.value("appendonly", "no")
    place = (store.settings.get("appendonly") or store.settings.get("save")) or None
    at = place.place if place else store.place
    if append is None:
        return Step("store", "writes", None, at, store.settings.open)
    save = store.settings.value("save", "by default")
    if append == "yes":
        flushed = store.settings.value("appendfsync", "everysec") or ""
        return Step("store", "writes", _FLUSHED.get(flushed.lower(), "each change"), at)
    return Step("store", "writes", "nothing" if save == "" else "snapshots", at)


_STICKY = {
    Stickiness.COOKIE: "by a cookie of the edge",
    Stickiness.CLIENT_IP: "by the client's address",
    Stickiness.HASH: "by a hash, which moves when pods come and go",
}


def _edge(target: Target, process: Process) -> Iterator[Step]:
    """Whether users meet the same pod again, at each way in."""
    if process.role is not Role.WEB or process.workload is None:
        return
    for route in target.routes_to(process.workload):
        name = (route.host or "any host") + (route.path if route.path != "/" else "")
        if route.affinity is None:
            yield Step("affinity", name, "none: any pod answers", route.place)
        else:
            yield Step("affinity", name, _STICKY[route.affinity.kind], route.affinity.place)


def _rollout(process: Process) -> Iterator[Step]:
    workload = process.workload
    if workload is None or process.container is None:
        return
    yield Step("rollout", "pods", str(workload.scale), workload.scale.place)
    if workload.kind == "Deployment":
        strategy = text(workload.object.get("spec", "strategy", "type")) or "RollingUpdate"
        yield Step("rollout", "strategy", strategy, workload.object.at("spec", "strategy"))
    wait = whole(process.container.get("lifecycle", "preStop", "sleep", "seconds"))
    hook = process.container.get("lifecycle", "preStop")
    before = "none" if hook is None else f"sleep {wait} s" if wait is not None else "a command"
    yield Step("rollout", "preStop", before, process.container.at("lifecycle", "preStop"))
    grace = f"{workload.grace_seconds} s"
    yield Step("rollout", "grace", grace, workload.at("terminationGracePeriodSeconds"))


def _word(value: object, *, seconds: bool = False) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() if seconds:
            return f"{value // 60} min"
    return str(value)
