"""Variables: the database; its password is in the Secret."""

from __future__ import annotations

from holdfast.kube import storage
from holdfast.kube.app import App
from holdfast.kube.environment.queue import connection
from holdfast.kube.spec.storage import Database

_MARIADB_SINCE = 11
"""The release that brought a connection named ``mariadb`` (config/database.php of laravel/laravel
v10.3.3 and v11.6.1); before it MariaDB is ``mysql``."""

_PORTS = {"mariadb": 3306, "mysql": 3306, "pgsql": 5432}
_SAYS_WHICH = ("DB_CONNECTION", "DB_HOST", "DB_DATABASE", "DB_USERNAME")
_ADDRESSES = ("DB_URL", "DATABASE_URL")


def variables(app: App) -> dict[str, str]:
    """The connection, as far as it is said; the Secret says the rest (``of_the_secret``)."""
    database = app.spec.database
    if database is None:
        return {}
    optional = {
        "DB_DATABASE": storage.database(app) or database.name,
        "DB_HOST": database.host,
        "DB_PORT": _port(database),
        "DB_USERNAME": database.user,
    }
    return {
        "DB_CONNECTION": _connection(app, database),
        **{name: value for name, value in optional.items() if value is not None},
    }


def used_by(app: App) -> list[str]:
    """What of the deployment works on the application's database, in words."""
    uses = {
        "sessions": app.spec.session.driver == "database",
        "the cache": app.spec.cache.store == "database",
        "jobs": connection(app) == "database",
        "migrations": app.spec.migrations is not None,
    }
    return [what for what, there in uses.items() if there]


def of_the_secret(app: App) -> list[str]:
    """Variables that the Secret has to hold, so that Laravel finds its database.

    What nobody says, config/database.php answers itself: SQLite from Laravel 11 on, in a file that
    no other pod sees; 127.0.0.1; a database ``laravel`` of a user ``root``.
    """
    database = app.spec.database
    if database is None:
        if not used_by(app):
            return []
        if any(name in (app.secret or ()) for name in _ADDRESSES):
            return [_SAYS_WHICH[0]]
    elif database.driver == "sqlite":
        return []
    said = variables(app) | app.spec.config
    return [*(name for name in _SAYS_WHICH if name not in said), "DB_PASSWORD"]


def _connection(app: App, database: Database) -> str:
    if database.driver == "mariadb" and app.spec.laravel < _MARIADB_SINCE:
        return "mysql"
    return database.driver


def _port(database: Database) -> str | None:
    """Always written: a Service of the namespace must not be able to (gotchas CFG-05)."""
    port = database.port or _PORTS.get(database.driver)
    return None if port is None else str(port)
