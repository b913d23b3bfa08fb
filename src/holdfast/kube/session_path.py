"""The way of a session in a rendering: cookie, key, store, eviction, persistence, affinity.

What is said of Redis is read from the configuration that is rendered for it, so that the summary
cannot say something else than the manifests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from holdfast.kube.app import App, Object
from holdfast.kube.environment.gather import variables
from holdfast.kube.spec.session import Store
from holdfast.laravel.names import session_key_prefix

_DIRECTIVE = re.compile(
    r"^(maxmemory|maxmemory-policy|appendonly|appendfsync) (\S+)$", re.MULTILINE
)
_HOW_OFTEN = {"always": "at every write", "everysec": "every second", "no": "when the kernel does"}


class Step(msgspec.Struct, frozen=True):
    """One station on the way.

    Args:
        station: ``cookie``, ``key``, ``store``, ``eviction``, ``persistence``, ``affinity``.
        value: what is in effect there, in words.
    """

    station: str
    value: str


def session_path(app: App, objects: Iterable[Object]) -> list[Step]:
    """The stations in their order; those that a driver does not have are left out.

    Args:
        objects: of the same application.
    """
    return [Step(*step) for step in _steps(app, _redis_configuration(objects))]


def _steps(app: App, redis: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    environment = variables(app)
    yield "cookie", _cookie(app, environment)
    yield from _kept(app, environment, redis)
    affinity = app.spec.session.affinity
    if affinity is None:
        yield "affinity", "none: any replica answers"
    else:
        yield "affinity", f"by the edge's cookie {affinity.cookie}; saves time, keeps no session"


def _cookie(app: App, environment: Mapping[str, str]) -> str:
    session = app.spec.session
    return ", ".join(
        (
            environment["SESSION_COOKIE"],
            f"{session.lifetime} min",
            f"of {session.domain}" if session.domain else f"of {app.spec.host} alone",
            f"secure, same-site {session.same_site}",
            *(["payload encrypted"] if session.encrypt else []),
        )
    )


def _kept(
    app: App, environment: Mapping[str, str], redis: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    session = app.spec.session
    store = session.store or Store()
    cache_prefix = environment.get("CACHE_PREFIX", "")
    match session.driver:
        case "redis":
            prefix = session_key_prefix(
                environment.get("REDIS_PREFIX", ""), cache_prefix, app.spec.laravel
            )
            yield "key", f"{prefix}<session id>"
            yield "store", _redis_store(store, environment)
            if store.external is None:
                yield "eviction", _eviction(redis)
                yield "persistence", _persistence(store, redis)
            else:
                yield "eviction", "somebody else's: maxmemory-policy has to be noeviction there"
                yield "persistence", "somebody else's: appendonly has to be yes there"
        case "memcached":
            yield "key", f"{session_key_prefix('', cache_prefix, app.spec.laravel)}<session id>"
            yield "store", f"memcached at {store.external.host if store.external else 'nowhere'}"
            yield "eviction", "the least used go where memory ends"
            yield "persistence", "none: a restart ends every session"
        case "database":
            yield "key", "column id of the table sessions"
            yield "store", _database(app)
            yield "eviction", "none: rows older than the lifetime are deleted"
            yield "persistence", "the database's"
        case "dynamodb":
            table = store.dynamodb
            yield "key", f"{session_key_prefix('', cache_prefix, app.spec.laravel)}<session id>"
            yield "store", f"table {table.table} in {table.region}" if table else "DynamoDB"
            yield "eviction", "none: TTL of the table, where it is switched on"
            yield "persistence", "AWS's"
        case "cookie":
            yield "store", "the browser: all of the session is in its cookies, 4 KiB"
            yield "persistence", "as long as APP_KEY is the same"
        case "file":
            yield "key", "storage/framework/sessions/<session id>"
            yield "store", "files of the one replica"


def _redis_store(store: Store, environment: Mapping[str, str]) -> str:
    prefix = store.variables
    host = environment.get(f"{prefix}_HOST", "")
    where = f"{host}:{environment.get(f'{prefix}_PORT', '6379')}" if host else "Redis"
    if store.external is not None:
        return f"{where}, somebody else's Redis{' over TLS' if store.external.tls else ''}"
    if store.sentinel is not None:
        return f"{where}, {store.sentinel.replicas} Redis and 3 Sentinels behind it"
    if store.operator is not None:
        return f"{where}, {store.operator.replicas} Redis of the redis-operator"
    return f"{where}, one Redis of its own"


def _eviction(redis: Mapping[str, str]) -> str:
    policy = redis.get("maxmemory-policy", "noeviction")
    limit = f" at {int(redis['maxmemory']) >> 20} MiB" if "maxmemory" in redis else ""
    if policy == "noeviction":
        return f"none: new sessions are refused{limit or ' when memory ends'}"
    return f"{policy}{limit}"


def _persistence(store: Store, redis: Mapping[str, str]) -> str:
    if redis.get("appendonly") != "yes":
        return "none"
    how = _HOW_OFTEN.get(redis.get("appendfsync", "everysec"), "")
    kept = store.sentinel or store.operator or store.single
    size = kept.storage if kept else "2Gi"
    return f"append-only file on disk {how}, volume of {size}"


def _database(app: App) -> str:
    database = app.spec.database
    if database is None:
        return "the application's database"
    if database.driver == "sqlite":
        return "SQLite on the application's volume"
    return f"{database.driver} at {database.host}"


def _redis_configuration(objects: Iterable[Object]) -> dict[str, str]:
    """The directives that decide about sessions, of the ConfigMaps of the store."""
    return {
        found[1]: found[2]
        for one in objects
        if one["kind"] == "ConfigMap"
        and one["metadata"]["labels"]["app.kubernetes.io/component"].startswith("sessions")
        for text in one["data"].values()
        for found in _DIRECTIVE.finditer(text)
    }
