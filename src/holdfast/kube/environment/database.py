"""Variables: the database; its password is in the Secret."""

from __future__ import annotations

from holdfast.kube import storage
from holdfast.kube.app import App
from holdfast.kube.spec.storage import Database

_MARIADB_SINCE = 11
"""The release that brought a connection named ``mariadb`` (config/database.php of laravel/laravel
v10.3.3 and v11.6.1); before it MariaDB is ``mysql``."""

_PORTS = {"mariadb": 3306, "mysql": 3306, "pgsql": 5432}


def variables(app: App) -> dict[str, str]:
    """The connection, as far as it is said; what is not said is in the Secret or the image."""
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


def _connection(app: App, database: Database) -> str:
    if database.driver == "mariadb" and app.spec.laravel < _MARIADB_SINCE:
        return "mysql"
    return database.driver


def _port(database: Database) -> str | None:
    """Always written: a Service of the namespace must not be able to (gotchas CFG-05)."""
    port = database.port or _PORTS.get(database.driver)
    return None if port is None else str(port)
