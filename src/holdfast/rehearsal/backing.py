"""Where the sessions of one run go: the store, started for the run where it is a local one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from urllib.parse import quote

from holdfast.core.errors import UsageError
from holdfast.rehearsal.compare import App, Driver, Setup
from holdfast.rehearsal.store_server import StoreServer
from holdfast.rehearsal.way import way_to, way_to_port
from holdfast.servers.guardian import Guardian
from holdfast.servers.mariadb import mariadb_server
from holdfast.servers.memcached import memcached_server
from holdfast.servers.memcached_evict import evict as evict_memcached
from holdfast.servers.ports import LOOPBACK
from holdfast.servers.postgresql import postgresql_server
from holdfast.servers.process import Process
from holdfast.servers.redis import redis_server
from holdfast.servers.sentinel import SentinelRedis, sentinel_redis
from holdfast.servers.tcp_proxy import TcpProxy
from holdfast.stores.contract import Store
from holdfast.stores.database import DatabaseStore
from holdfast.stores.drivers.redis import flush
from holdfast.stores.drivers.redis_evict import evict
from holdfast.stores.file import FileStore
from holdfast.stores.open import open as open_store
from holdfast.stores.redis import RedisStore
from holdfast.stores.sql.place import Server
from holdfast.stores.url import parse

SESSION_PREFIX = "laravel_database_laravel_cache:"
"""What Laravel 8's skeleton puts before a session id in Redis, for an application named Laravel
(config/database.php, config/cache.php; RedisStore::setPrefix adds the colon)."""

_DRIVERS: dict[str, tuple[Driver, str | None]] = {
    "redis": ("redis", None),
    "rediss": ("redis", None),
    "redis+sentinel": ("redis", None),
    "sqlite": ("database", "sqlite"),
    "postgresql": ("database", "postgresql"),
    "mysql": ("database", "mariadb"),
    "mariadb": ("database", "mariadb"),
    "file": ("file", "shared"),
}

_DATABASE_SERVERS = {"postgresql": postgresql_server, "mariadb": mariadb_server}
_REDIS_OPTIONS: dict[str | None, tuple[str, ...]] = {
    "memory": (),
    "aof": ("--appendonly", "yes", "--appendfsync", "everysec"),
}
CONNECTIONS = {"postgresql": "pgsql", "mariadb": "mysql"}
"""Laravel's names of the connections; one named mariadb has come with 11, mysql is in all."""


@dataclass(frozen=True, slots=True)
class Backing:
    """A store that is ready to be used.

    Args:
        where: for people, without a secret.
        laravel: the settings of a Laravel replica, as environment variables.
        url: the store's URL; None where each replica has one of its own.
        store: the store of ``url`` as replicas reach it.
        own_directory: whether a replica's own one is a directory, else it is its memory.
        proxy: what stands before a server; None without one.
        server: a server that was started for the run; None for any other store.
        flush: empties the store as ``cache:clear`` does, past the proxy; blocks. None where that
            does not touch sessions, and for a store that was there already.
        sentinel: Redis nodes that were started for the run, with Sentinels; None without them.
        evict: makes such a server evict part of its keys, past the proxy; blocks. None as there.
    """

    where: str
    laravel: Mapping[str, str] = field(repr=False)
    url: str | None = field(default=None, repr=False)
    store: Store | None = field(default=None, repr=False)
    own_directory: bool = False
    proxy: TcpProxy | None = field(default=None, repr=False)
    server: StoreServer | None = field(default=None, repr=False)
    sentinel: SentinelRedis | None = field(default=None, repr=False)
    flush: Callable[[], object] | None = field(default=None, repr=False)
    evict: Callable[[], object] | None = field(default=None, repr=False)

    def store_url(self, storage: Path) -> str:
        """The URL with which a replica whose storage is ``storage`` opens its store."""
        if self.url is not None:
            return self.url
        if not self.own_directory:
            return "memory:"
        sessions = storage / "sessions"
        sessions.mkdir(exist_ok=True)
        return f"file://{quote(str(sessions))}"


@contextmanager
def backing(
    setup: Setup,
    directory: Path,
    guardian: Guardian,
    *,
    app_key: str,
    create_tables: Callable[[DatabaseStore], None],
    url: str | None = None,
    proxied: bool = False,
) -> Iterator[Backing]:
    """Have the store of a setup ready, and end it again where it was started here. Blocks.

    Args:
        setup: which store, and for which application.
        directory: an existing directory for what a local store writes.
        guardian: is told of what is started.
        app_key: what ``key=env:APP_KEY`` in ``url`` stands for.
        create_tables: makes the session table of an empty database; the application knows how.
        url: a store that is there already, in place of a local one; the setup is that of
            :func:`setup_for_url`.
        proxied: put a proxy before the store where it is a server that can be reached through one.

    Raises:
        StoreUnavailable, StoreMisconfigured: the store of ``url`` cannot be used.
        EnvironmentLacking: the local store's program is missing or did not start.
        UsageError: ``url`` is wrong, or nothing that the application can use.
    """
    if url is not None:
        with _given(setup, url, app_key, proxied) as there:
            yield there
        return
    match setup.driver:
        case "redis" if setup.engine == "sentinel":
            with _with_sentinel(setup, directory, guardian, proxied) as backed:
                yield backed
        case "redis":
            with redis_server(directory, arguments=_REDIS_OPTIONS[setup.engine]) as server:
                running = _watched(server.process, guardian)
                store = RedisStore(port=server.port, prefix=SESSION_PREFIX)
                address = f"{server.url}?prefix={SESSION_PREFIX}"
                with _reached(setup, store, address, proxied) as backed:
                    yield replace(
                        backed,
                        server=running,
                        flush=partial(flush, store),
                        evict=partial(evict, store),
                    )
            guardian.forget_group(server.process.pid)
        case "memcached":
            with memcached_server(directory) as cache:
                running = _watched(cache.process, guardian)
                with way_to_port(cache.port, proxied) as (port, proxy):
                    settings = {"MEMCACHED_HOST": LOOPBACK, "MEMCACHED_PORT": str(port)}
                    plain = Backing(
                        f"memcached on {LOOPBACK}:{cache.port}",
                        {"SESSION_DRIVER": "memcached", **settings},
                        proxy=proxy,
                        server=running,
                        flush=cache.flush,
                        evict=partial(evict_memcached, cache.port),
                    )
                    yield _with_locks(setup, plain)
            guardian.forget_group(cache.process.pid)
        case "database" if setup.engine in _DATABASE_SERVERS:
            with _DATABASE_SERVERS[setup.engine](directory) as database:
                running = _watched(database.process, guardian)
                guardian.watch_directory(database.data)
                address = f"{database.url}?beside=1"
                with _reached(setup, _tables(address, create_tables), address, proxied) as backed:
                    yield replace(backed, server=running)
            guardian.forget_group(database.process.pid)
            guardian.forget_directory(database.data)
        case "database":
            address = f"sqlite://{quote(str(directory / 'sessions.sqlite'))}?beside=1"
            yield _shared(setup, _tables(address, create_tables), address)
        case "file" if setup.engine == "shared":
            sessions, locks = directory / "sessions", directory / "locks"
            sessions.mkdir()
            locks.mkdir()
            shared = _shared(setup, FileStore(sessions), f"file://{quote(str(sessions))}")
            yield replace(shared, laravel={**shared.laravel, "CACHE_FILES": str(locks)})
        case driver:
            where = {
                "file": "files, a directory for each replica",
                "cookie": "the browser's cookies",
                "array": "memory",
            }[driver]
            own = Backing(where, {"SESSION_DRIVER": driver}, own_directory=driver == "file")
            yield _with_locks(setup, own)


@contextmanager
def _with_sentinel(
    setup: Setup, directory: Path, guardian: Guardian, proxied: bool
) -> Iterator[Backing]:
    """A primary with replicas and Sentinels, behind the address of whichever is primary."""
    with sentinel_redis(directory, guardian) as sentinel:
        store = RedisStore(port=sentinel.service.port, prefix=SESSION_PREFIX)
        address = f"redis://{LOOPBACK}:{store.port}/0?prefix={SESSION_PREFIX}"
        with _reached(setup, store, address, proxied) as backed:
            yield replace(backed, sentinel=sentinel, flush=partial(flush, store))


def _tables(url: str, create_tables: Callable[[DatabaseStore], None]) -> DatabaseStore:
    """The store of an empty database, with the application's tables and what is beside them."""
    store = open_store(url).store
    assert isinstance(store, DatabaseStore)
    create_tables(store)
    store.create_beside()
    return store


def _watched(process: Process, guardian: Guardian) -> StoreServer:
    guardian.watch_group(process.pid)
    return StoreServer(process, guardian)


@contextmanager
def _reached(setup: Setup, store: Store, url: str, proxied: bool) -> Iterator[Backing]:
    """The backing of a store that all replicas share, with the proxy before it."""
    with way_to(store, url, proxied) as (seen, address, proxy):
        yield replace(_shared(setup, seen, address), where=store.where, proxy=proxy)


def setup_for_url(url: str, app: App) -> Setup:
    """The setup of a single run on a store that is there already.

    Raises:
        UsageError: the URL is wrong, or Laravel has no driver for this kind of store.
    """
    parsed = parse(url)
    scheme = parsed.scheme
    if scheme not in _DRIVERS:
        raise UsageError(
            f"the {scheme} store is nothing that several replicas can use",
            hint="redis://host:port/0, sqlite:///file, postgresql://user@host/database, "
            "mysql://user@host/database or file:///directory",
        )
    if scheme == "redis+sentinel" and app != "shop":
        raise UsageError(
            "Laravel's Redis clients know nothing of Sentinel",
            hint="give the address of a Service that leads to the primary, or rehearse the shop",
        )
    driver, engine = _DRIVERS[scheme]
    tls = scheme == "rediss" or parsed.parameters.get("tls") == "1"
    return Setup(
        name=driver,
        app=app,
        driver=driver,
        engine=engine,
        given=True,
        tls=tls,
        discovered=scheme == "redis+sentinel",
    )


@contextmanager
def _given(setup: Setup, url: str, app_key: str, proxied: bool) -> Iterator[Backing]:
    """The backing of a store that is there already."""
    opened = open_store(url, env={"APP_KEY": app_key})
    with opened.store.connect():
        pass
    settings = {
        "SESSION_ENCRYPT": "true" if opened.codec.encrypter is not None else "false",
        "SESSION_SERIALIZATION": opened.codec.serialization,
    }
    with _reached(setup, opened.store, url, proxied) as there:
        yield replace(there, laravel={**there.laravel, **settings})


def database_settings(store: DatabaseStore) -> dict[str, str]:
    """What tells Laravel's skeleton, as environment variables, which database is the default."""
    match store.at:
        case Server() as server:
            return {
                "DB_CONNECTION": CONNECTIONS[server.engine],
                "DB_HOST": server.host,
                "DB_PORT": str(server.port),
                "DB_DATABASE": server.database,
                "DB_USERNAME": server.username,
                "DB_PASSWORD": server.password or "",
            }
        case path:
            return {"DB_CONNECTION": "sqlite", "DB_DATABASE": str(path)}


def _shared(setup: Setup, store: Store, url: str) -> Backing:
    settings = {"SESSION_LIFETIME": str(max(1, store.lifetime // 60))}
    match store:
        case RedisStore():
            if store.tls and "laravel" in setup.programs:
                raise UsageError(
                    "a rehearsal with Laravel reaches Redis without TLS only",
                    hint="give a redis:// URL, or rehearse the shop",
                )
            settings |= {
                "SESSION_DRIVER": "redis",
                "REDIS_HOST": store.host,
                "REDIS_PORT": str(store.port),
                "REDIS_DB": str(store.database),
                **({"REDIS_USERNAME": store.username} if store.username else {}),
                **({"REDIS_PASSWORD": store.password} if store.password else {}),
            }
            if store.prefix != SESSION_PREFIX:
                # Laravel 8 puts a colon after a cache prefix, but not after an empty one.
                settings |= {"REDIS_PREFIX": store.prefix, "CACHE_PREFIX": ""}
        case DatabaseStore():
            if isinstance(store.at, Server) and store.at.tls and "laravel" in setup.programs:
                raise UsageError(
                    "a rehearsal with Laravel does not demand TLS of a database",
                    hint="leave tls=1 out, or rehearse the shop",
                )
            settings |= {
                "SESSION_DRIVER": "database",
                "SESSION_TABLE": store.table,
                **database_settings(store),
            }
        case FileStore():
            settings |= {"SESSION_DRIVER": "file", "SESSION_FILES": str(store.directory)}
    return _with_locks(setup, Backing(store.where, settings, url, store))


def _with_locks(setup: Setup, plain: Backing) -> Backing:
    if not setup.block:
        return plain
    # Laravel's session locks live in a cache store: the one of the same kind as the sessions.
    settings = {"SESSION_BLOCK": "true", "CACHE_DRIVER": setup.driver}
    return replace(plain, laravel={**plain.laravel, **settings})
