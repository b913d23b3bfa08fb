"""Where the application connects to, when that is closed (``network.egress``)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.kube.app import App
from holdfast.kube.session_store.choice import MEMCACHED_PORT, REDIS_PORT, external

_DATABASE_PORTS = {"mysql": 3306, "mariadb": 3306, "pgsql": 5432}


@dataclass(frozen=True)
class Place:
    """A server that the specification names.

    Args:
        path: where in the specification.
        network: where it is, as it was said; None: it was not.
    """

    path: tuple[str, ...]
    network: str | None
    port: int


def places(app: App) -> Iterator[Place]:
    """The servers of others that the application cannot do without."""
    store = external(app)
    if store is not None:
        usual = REDIS_PORT if app.spec.session.driver == "redis" else MEMCACHED_PORT
        yield Place(("session", "store", "external"), store.network, store.port or usual)
    other = app.spec.redis
    if other is not None and other.external is not None:
        port = other.external.port or REDIS_PORT
        yield Place(("redis", "external"), other.external.network, port)
    database = app.spec.database
    if database is not None and database.host is not None:
        port = database.port or _DATABASE_PORTS.get(database.driver, 0)
        yield Place(("database",), database.network, port)
