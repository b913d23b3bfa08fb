"""Moves the sessions of a Laravel application to the store of a run, and nothing else of it.

Laravel reads ``config/a/b/c.php`` as the setting ``a.b.c``, after ``config/a.php`` (Foundation/
Bootstrap/LoadConfiguration.php, 8 to 13). So a few files that only the replicas' copy has say where
its sessions go: whatever the application's own files say of that, read from the environment or
not, is kept out, and its database, its cache and its queues stay where they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from holdfast.rehearsal.backing import CONNECTIONS, Backing
from holdfast.rehearsal.compare import Setup
from holdfast.stores.database import DatabaseStore
from holdfast.stores.file import FileStore
from holdfast.stores.redis import RedisStore
from holdfast.stores.sql.place import Server

NAME = "holdfast"
"""Of the connections and the cache store that are added."""

_HEAD = "<?php\n\n// Written by `holdfast rehearse` into this copy of the application.\n\n"


def session_settings(setup: Setup, backing: Backing, root: Path) -> dict[str, object]:
    """The settings by their dotted names.

    Args:
        setup: whose choice of store it is.
        backing: that store.
        root: of the copy; its own storage lies in it.
    """
    settings: dict[str, object] = {"session.driver": setup.driver}
    locks = root / "storage/framework/cache/data"
    match backing.store:
        case RedisStore() as store:
            settings |= {
                "database.redis.holdfast": {
                    "url": None,
                    "scheme": "tcp",
                    "host": store.host,
                    "port": store.port,
                    "username": store.username,
                    "password": store.password,
                    "database": store.database,
                    # Laravel 8 looks into the options alone, 9 and later here first.
                    "prefix": store.prefix,
                    "options": {"prefix": store.prefix},
                },
                "session.connection": NAME,
                "session.store": NAME,
                "session.prefix": None,
            }
        case DatabaseStore() as store:
            settings |= {
                "database.connections.holdfast": _sql(store),
                "session.connection": NAME,
                "session.table": store.table,
            }
        case FileStore() as store:
            settings["session.files"] = str(store.directory)
            locks = Path(backing.laravel.get("CACHE_FILES", locks))
    if setup.driver == "redis":
        # Its prefix is empty: all of it stands before the connection's keys, in every version.
        settings["cache.stores.holdfast"] = {
            "driver": "redis", "connection": NAME, "lock_connection": NAME, "prefix": "",
        }  # fmt: skip
    elif setup.driver == "memcached":
        host, port = (backing.laravel[f"MEMCACHED_{name}"] for name in ("HOST", "PORT"))
        settings["session.store"] = NAME
        settings["cache.stores.holdfast"] = {
            "driver": "memcached",
            "persistent_id": None,
            "sasl": [],
            "servers": [{"host": host, "port": int(port), "weight": 100}],
            "prefix": "",
        }
    elif setup.block:
        settings["cache.stores.holdfast"] = {"driver": "file", "path": str(locks)}
    if setup.block:
        settings |= {"session.block": True, "session.block_store": NAME}
    return settings


def write_settings(root: Path, settings: Mapping[str, object], redis_connection: str) -> None:
    """Write them below ``config`` of a copy.

    What a connection or cache store of ours does not say (timeouts, retries, a serializer) is taken
    from the application's own of its kind.

    Args:
        root: of the copy.
        settings: what :func:`session_settings` gave.
        redis_connection: the name of the application's Redis connection for sessions.
    """
    for name, value in settings.items():
        first, *rest = name.split(".")
        whole = root / f"config/{first}.php"
        whole.parent.mkdir(exist_ok=True)
        if not whole.exists():
            # Laravel 11 and later would put the framework's own file over ours.
            whole.write_text(f"{_HEAD}return [];\n")
        written = _php(value)
        match name, value:
            case "database.redis.holdfast", _:
                written = _over(f"database.redis.{redis_connection}", written)
            case "cache.stores.holdfast", {"driver": driver}:
                written = _over(f"cache.stores.{driver}", written)
        path = root.joinpath("config", first, *rest).with_suffix(".php")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{_HEAD}return {written};\n")


def _over(setting: str, written: str) -> str:
    return f"array_replace((array) config({_php(setting)}), {written})"


def _sql(store: DatabaseStore) -> dict[str, object]:
    match store.at:
        case Server() as server:
            return {
                "driver": CONNECTIONS[server.engine],
                "host": server.host,
                "port": server.port,
                "database": server.database,
                "username": server.username,
                "password": server.password or "",
                "charset": "utf8mb4" if server.engine == "mariadb" else "utf8",
                "prefix": "",
            }
        case path:
            return {"driver": "sqlite", "database": str(path), "prefix": ""}


def _php(value: object) -> str:
    """A value as PHP, by way of JSON: two characters are all that a quoted PHP string escapes."""
    text = json.dumps(value).replace("\\", "\\\\").replace("'", "\\'")
    return f"json_decode('{text}', true)"
