"""``laravel:DIR``: the store of a project's sessions, as a URL that ``stores/open.py`` opens."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import quote, urlencode

from holdfast.core.errors import UsageError
from holdfast.laravel.config import SessionConfig
from holdfast.project.connections import Connection
from holdfast.project.effective import Effective, effective_session
from holdfast.project.operators import integer, text
from holdfast.project.project import Project, load
from holdfast.project.values import Unknown
from holdfast.stores import SCHEMES

SCHEME: Final = "laravel:"

_SQL: Final = {
    "mysql": ("mysql", "mariadb"),
    "mariadb": ("mariadb", "mysql"),
    "pgsql": ("postgresql", "postgres", "pgsql"),
}
"""Laravel's database drivers, and the schemes of ours that would do."""


def is_project(url: str) -> bool:
    """Whether a store's URL is ``laravel:DIR``."""
    return url.startswith(SCHEME)


def store_url(
    directory: Path | str, env: Mapping[str, str], *, laravel: int | None = None
) -> tuple[str, dict[str, str]]:
    """The store of a project's sessions.

    Args:
        directory: of the project; a leading ``laravel:`` is taken off.
        env: the environment of its process, as for ``project.load``.
        laravel: the major version, where nothing in the directory says it.

    Returns:
        A URL for ``stores.open.open``, and the environment that its ``key=env:APP_KEY`` means. The
        URL has the store's password in it.

    Raises:
        UsageError: no Laravel project, or its sessions are where Holdfast cannot reach them.
        FormatError, EnvironmentLacking: as ``project.load``.
    """
    where = Path(str(directory).removeprefix(SCHEME))
    project = load(where, env, laravel=laravel)
    found = effective_session(project)
    config = _complete(where, found)
    parameters = _common(project, config)
    keys: dict[str, str] = {}
    if config.key:
        config.encrypter()
        parameters |= {"key": "env:APP_KEY", "cipher": config.cipher}
        keys["APP_KEY"] = config.key.reveal()
        if config.previous_keys:
            parameters["previous"] = "env:APP_PREVIOUS_KEYS"
            keys["APP_PREVIOUS_KEYS"] = ",".join(key.reveal() for key in config.previous_keys)
    match config.driver:
        case "redis":
            base = _redis(where, project, found)
            parameters["prefix"] = config.redis_key_prefix
        case "file" if config.files and config.files.startswith("/"):
            base = f"file://{quote(config.files)}"
        case "database":
            base = _database(where, found)
            parameters["table"] = _table(where, found, config.table)
        case driver:
            raise UsageError(
                f"{where} keeps its sessions with the driver {driver}, which is no store that"
                " Holdfast can open",
                hint="it opens redis, database and file; SESSION_DRIVER chooses one",
            )
    return f"{base}?{urlencode(parameters, quote_via=quote)}", keys


def rehearsal_url(url: str, env: Mapping[str, str]) -> str:
    """The URL of a store for a rehearsal, whose applications have a key of their own.

    Args:
        url: ``laravel:DIR``; any other is given back as it is.
        env: as for ``store_url``.

    Raises:
        UsageError, FormatError, EnvironmentLacking: as ``store_url``.
    """
    if not is_project(url):
        return url
    full, _keys = store_url(url, env)
    base, _, query = full.partition("?")
    kept = [pair for pair in query.split("&") if pair.split("=")[0] not in ("previous", "cipher")]
    if "encrypt=1" not in kept:
        kept = [pair for pair in kept if not pair.startswith("key=")]
    return f"{base}?{'&'.join(kept)}"


def _complete(where: Path, found: Effective) -> SessionConfig:
    if found.config is not None:
        return found.config
    first = next(missing for missing in found.missing if missing.needed)
    raise UsageError(
        f"the session setting {first.name} of {where} cannot be told: {first.place}: {first.why}",
        hint=f"`holdfast config {where}` shows all; give the store's own URL instead",
    )


def _common(project: Project, config: SessionConfig) -> dict[str, str]:
    return {
        "laravel": str(project.release.major),
        "lifetime": str(config.lifetime),
        "serialization": config.serialization,
        "encrypt": "1" if config.encrypt else "0",
    }


def _member(where: Path, connection: Connection, name: str) -> str:
    """A setting of a connection, as text; null is the empty one."""
    value = connection.get(name)
    if isinstance(value, Unknown):
        raise UsageError(
            f"the {name} of the connection {connection.name} of {where} cannot be told:"
            f" {value.place}: {value.why}",
            hint="give the store's own URL instead",
        )
    return text(value.value)


def _server(where: Path, connection: Connection, scheme: str, path: str) -> str:
    user = quote(_member(where, connection, "username"), safe="")
    password = quote(_member(where, connection, "password"), safe="")
    login = f"{user}:{password}@" if password else f"{user}@" if user else ""
    host = _member(where, connection, "host").removeprefix("tls://")
    port = _member(where, connection, "port")
    if not host or host.startswith("/"):
        raise UsageError(
            f"the connection {connection.name} of {where} has no host that Holdfast can reach",
            hint="a socket file is not supported; give host and port",
        )
    return f"{scheme}://{login}{quote(host, safe='[]:')}{f':{port}' if port else ''}/{path}"


def _redis(where: Path, project: Project, found: Effective) -> str:
    connection = found.redis
    assert connection is not None
    for option in ("serializer", "compression"):
        for group in ("database.redis.options", f"database.redis.{connection.name}.options"):
            value = project.get(f"{group}.{option}")
            if isinstance(value, Unknown) or value.value:
                raise UsageError(
                    f"the Redis connection {connection.name} of {where} packs its values:"
                    f" {group}.{option} is set",
                    hint="Holdfast reads values that phpredis has not packed",
                )
    if isinstance(cluster := project.get(f"database.redis.{connection.name}"), Unknown):
        raise UsageError(
            f"the Redis connection {connection.name} of {where} cannot be told: {cluster.place}:"
            f" {cluster.why}",
            hint="give the store's own URL instead",
        )
    if cluster.value is None:
        raise UsageError(
            f"{where} has no Redis connection {connection.name}",
            hint="Holdfast reaches single servers; clusters are not supported yet",
        )
    host = _member(where, connection, "host")
    tls = _member(where, connection, "scheme") == "tls" or host.startswith("tls://")
    number = integer(_member(where, connection, "database"))
    return _server(where, connection, "rediss" if tls else "redis", str(number))


def _database(where: Path, found: Effective) -> str:
    connection = found.database
    if connection is None:
        raise UsageError(
            f"the database connection of {where} cannot be told",
            hint=f"`holdfast config {where}` says why",
        )
    driver, name = _member(where, connection, "driver"), _member(where, connection, "database")
    if driver == "sqlite":
        if not name.startswith("/"):
            raise UsageError(
                f"the SQLite file of {where} has no absolute path",
                hint="Laravel would look for it where its process was started",
            )
        return f"sqlite://{quote(name)}"
    scheme = next((scheme for scheme in _SQL.get(driver, ()) if scheme in SCHEMES), None)
    if scheme is None:
        raise UsageError(
            f"{where} keeps its sessions in a database of the kind {driver or 'null'}",
            hint=f"Holdfast opens {', '.join(sorted(SCHEMES))}",
        )
    return _server(where, connection, scheme, quote(name, safe=""))


def _table(where: Path, found: Effective, table: str) -> str:
    """With the connection's prefix of all tables in front."""
    assert found.database is not None
    return _member(where, found.database, "prefix") + table
