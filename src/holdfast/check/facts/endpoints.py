"""Where the connections of a process go: of its sessions, and of its cache.

Where the project is not there, its configuration is taken for Laravel's own: connections of Redis
at ``REDIS_HOST``. What is told by variables that no manifest shows stays unknown.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import msgspec

from holdfast.check.process import Process
from holdfast.check.settings import STOCK
from holdfast.manifests.place import Place
from holdfast.project.connections import connection
from holdfast.project.values import Array, Known, Source, Unknown, Value

_GROUP: Final = "database.redis"
_NO_CONNECTIONS: Final = ("client", "options", "clusters")


class Endpoint(msgspec.Struct, frozen=True):
    """Where a connection goes.

    Args:
        connections: its name in ``config/database.php``; several where it may be any of them, which
            all go to the same server.
        host: as it is configured.
        port: None where it is not known.
        database: its number; None where it is not known.
        place: what names the host.
        cluster: whether it is one of ``database.redis.clusters``.
    """

    connections: tuple[str, ...]
    host: str
    port: int | None
    database: int | None
    place: Place
    cluster: bool = False


@lru_cache(maxsize=10_000)  # a dozen rules ask for it
def session_redis(process: Process) -> Endpoint | None:
    """The Redis that a process keeps its sessions in; None where it is none, or not known.

    Illuminate/Session/SessionManager.php, ``createRedisDriver``: the connection is
    ``session.connection`` whatever the cache's own is, and ``default`` where that is null.
    """
    if process.settings.text("session.driver") != "redis" or process.sessionless:
        return None
    return redis_endpoint(process, _session_connections(process))


def _session_connections(process: Process) -> Sequence[str]:
    name = process.settings.get("session.connection")
    if isinstance(name, Unknown):
        return _all_connections(process)
    return [str(name.value)] if name.value else ["default"]


def _all_connections(process: Process) -> Sequence[str]:
    """The names that a connection may have whose name is not known."""
    if process.settings.project is None:
        return ["default", "cache"]
    found = process.settings.get(_GROUP)
    if isinstance(found, Unknown) or not isinstance(found.value, Array) or found.value.rest:
        return []
    return [str(name) for name in found.value.items if name not in _NO_CONNECTIONS]


def redis_endpoint(process: Process, names: Sequence[str]) -> Endpoint | None:
    """Where connections go, if all of them go to the same server."""
    found = [_endpoint(process, name) for name in names]
    first = found[0] if found else None
    if first is None or any(
        other is None or (other.host, other.port) != (first.host, first.port) for other in found
    ):
        return None
    numbers = {other.database for other in found if other}
    number = first.database if len(numbers) == 1 else None
    return Endpoint(
        tuple(names), first.host, first.port, number, first.place,
        any(other.cluster for other in found if other),
    )  # fmt: skip


def _endpoint(process: Process, name: str) -> Endpoint | None:
    settings = process.settings
    if settings.project is None:
        if process.container is None or _other_hosts(process):
            return None
        host = settings.get(f"{_GROUP}.{name}.host")
        port = settings.get(f"{_GROUP}.{name}.port")
        number = settings.get(f"{_GROUP}.{name}.database")
        place = settings.place(f"{_GROUP}.{name}.host")
        return _of(name, host, port, number, place)
    own = settings.get(f"{_GROUP}.{name}")
    if isinstance(own, Unknown):
        return None
    if own.value is None:
        return _cluster(process, name)
    found = connection(settings.project, _GROUP, name)
    host = found.get("host")
    place = settings.spot(_spot(host))
    return _of(name, host, found.get("port"), found.get("database"), place)


def _other_hosts(process: Process) -> bool:
    """Whether variables name other servers, which only the project's own configuration reads."""
    env = process.container.env if process.container else {}
    return any(
        "REDIS" in name and name.endswith(("_HOST", "_URL")) and name != "REDIS_HOST"
        for name in env
    )


def _cluster(process: Process, name: str) -> Endpoint | None:
    """The first node of a cluster of that name (Illuminate/Redis/RedisManager.php, ``resolve``)."""
    path = f"{_GROUP}.clusters.{name}.0"
    settings = process.settings
    node = settings.get(path)
    if isinstance(node, Unknown) or not isinstance(node.value, Array):
        return None
    host = settings.get(f"{path}.host")
    found = _of(name, host, settings.get(f"{path}.port"), Known(0, node.source),
                settings.spot(_spot(host)))  # fmt: skip
    if found is None:
        return None
    return Endpoint((name,), found.host, found.port, 0, found.place, cluster=True)


def _of(name: str, host: Value, port: Value, number: Value, place: Place) -> Endpoint | None:
    if isinstance(host, Unknown) or not isinstance(host.value, str) or not host.value:
        return None
    # Without a number no SELECT is sent (PhpRedisConnector), and 0 is what that leaves.
    return Endpoint((name,), host.value.lower(), _number(port), _number(number, 0), place)


def _number(value: Value, default: int | None = None) -> int | None:
    if isinstance(value, Unknown):
        return None
    if value.value is None or value.value == "":
        return default
    if isinstance(value.value, int) and not isinstance(value.value, bool):
        return value.value
    if isinstance(value.value, str) and value.value.isascii() and value.value.isdecimal():
        return int(value.value[:9])
    return None


def _spot(value: Value) -> str:
    if isinstance(value, Unknown):
        return value.place
    source = value.source
    return source.uses[0].place if source.uses else source.places[0] if source.places else ""


def cache_redis(process: Process) -> Endpoint | None:
    """The Redis of the default cache store, which ``cache:clear`` empties; None where it is none.

    Illuminate/Cache/RedisStore.php, ``flush``: FLUSHDB on the store's connection.
    """
    name = told(process, "cache.default")
    if not name:
        return None
    if process.settings.project is None:
        return redis_endpoint(process, ["cache"]) if name == "redis" else None
    if told(process, f"cache.stores.{name}.driver") != "redis":
        return None
    connected = told(process, f"cache.stores.{name}.connection")
    return None if connected is None else redis_endpoint(process, [connected or "default"])


def queue_redis(process: Process) -> Endpoint | None:
    """The Redis of the default queue connection; None where it is none, or not known."""
    name = told(process, "queue.default")
    if not name:
        return None
    if process.settings.project is None:
        return redis_endpoint(process, ["default"]) if name == "redis" else None
    if told(process, f"queue.connections.{name}.driver") != "redis":
        return None
    connected = told(process, f"queue.connections.{name}.connection")
    return None if connected is None else redis_endpoint(process, [connected or "default"])


def told(process: Process, name: str) -> str | None:
    """A setting as text, empty for null; None where it is not known.

    Without the project, a variable of Laravel's own configuration that is surely not set is null.
    """
    value = process.settings.get(name)
    if isinstance(value, Known):
        return None if isinstance(value.value, Array) else str(value.value or "")
    closed = process.container is not None and not process.container.env.more
    names = STOCK.get(name, ())
    unset = process.container is not None and not any(n in process.container.env for n in names)
    return "" if process.settings.project is None and closed and names and unset else None


def written(process: Process, *names: str) -> Place:
    """Where the first of some settings stands that stands anywhere."""
    for name in names:
        value = process.settings.get(name)
        if isinstance(value, Known) and value.source.uses:
            return process.settings.place(name)
        places = value.source.places if isinstance(value, Known) else ()
        if places and not places[0].startswith("not in "):
            return process.settings.place(name)
    return process.container.at("env") if process.container else Place(process.app.name)


def same_server(one: Endpoint, other: Endpoint) -> bool:
    """Whether two connections of one process go to the same server."""
    return (one.host, one.port) == (other.host, other.port)


def memcached_store(process: Process) -> str | None:
    """The cache store that the driver ``memcached`` keeps sessions in; None for another driver."""
    if process.settings.text("session.driver") != "memcached" or process.sessionless:
        return None
    store = told(process, "session.store")
    if store is None:
        return None
    name = store or "memcached"
    if process.settings.project is None:
        return name if name == "memcached" else None
    return name if told(process, f"cache.stores.{name}.driver") == "memcached" else None


def memcached_server(process: Process) -> Endpoint | None:
    """The one memcached of the sessions; None where there are several, or it is not known."""
    name = memcached_store(process)
    if name is None:
        return None
    path = f"cache.stores.{name}.servers"
    if process.settings.project is not None and server_count(process, name) != 1:
        return None
    host = process.settings.get(f"{path}.0.host")
    return _of(name, host, process.settings.get(f"{path}.0.port"), Known(0, Source(())),
               written(process, f"{path}.0.host"))  # fmt: skip


def server_count(process: Process, store: str) -> int | None:
    """How many servers a memcached store has; None where that is not known."""
    found = process.settings.get(f"cache.stores.{store}.servers")
    if isinstance(found, Unknown) or not isinstance(found.value, Array) or found.value.rest:
        return None
    return len(found.value.items)


def session_database(process: Process) -> Endpoint | None:
    """The database server that a process keeps its sessions in; None for another driver."""
    if process.settings.text("session.driver") != "database" or process.sessionless:
        return None
    session = process.settings.session
    if session is None:
        host = process.settings.get("database.connections.mysql.host")
        port = process.settings.get("database.connections.mysql.port")
        urls = process.container.env if process.container else {}
        if any(name in urls for name in ("DATABASE_URL", "DB_URL")):
            return None
        place = process.settings.place("database.connections.mysql.host")
        return _of("", host, port, Known(0, Source(())), place)
    if session.database is None:
        return None
    host = session.database.get("host")
    place = process.settings.spot(_spot(host))
    return _of(session.database.name, host, session.database.get("port"),
               Known(0, Source(())), place)  # fmt: skip
