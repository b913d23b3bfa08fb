"""The framework's own configuration, which Laravel 11 and later merge below the application's.

Own data, by the interface of laravel/framework 11.56, 12.67 and 13.26 (config/session.php and its
neighbours); only what has to do with sessions, and the defaults of what replicas must share. Where
``vendor/laravel/framework/config`` is there, that is read instead of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from holdfast.laravel.names import snake
from holdfast.project.environment import Environment
from holdfast.project.functions import METHODS, Paths
from holdfast.project.operators import Plain, text, truth
from holdfast.project.values import Array, Key, Known, Source, Undecidable, Unknown, Value

VERSIONS: Final = {11: "11.56", 12: "12.67", 13: "13.26"}
"""From which release the defaults of each version are."""

MERGED_TWO_DEEP: Final = {
    "cache": ("stores",),
    "database": ("connections",),
    "filesystems": ("disks",),
    "queue": ("connections",),
}
"""Whose elements are merged too, not only the file's (Foundation/Bootstrap/LoadConfiguration)."""


@dataclass(frozen=True, slots=True)
class _Env:
    name: str
    default: Any = None


@dataclass(frozen=True, slots=True)
class _Named:
    """A name made of APP_NAME, unless a variable gives it."""

    name: str
    style: str
    suffix: str


@dataclass(frozen=True, slots=True)
class _Below:
    """A path below the storage or the database directory."""

    root: str
    path: str


@dataclass(frozen=True, slots=True)
class _Words:
    """A variable that lists words by comma."""

    name: str


_Tree: TypeAlias = Any


def defaults(file: str, major: int, environment: Environment, paths: Paths) -> Value | None:
    """What the framework itself has for a configuration file; None where it has none here.

    Args:
        file: ``session``, ``cache``, ...
        major: 11 or later.
        environment, paths: what its values are made of.
    """
    tree = _trees(major).get(file)
    if tree is None:
        return None
    place = f"Laravel {VERSIONS[major]}'s default"
    return _Reader(place, environment, paths).value(tree)


class _Reader:
    def __init__(self, place: str, environment: Environment, paths: Paths) -> None:
        self._place = place
        self._environment = environment
        self._paths = paths

    def value(self, tree: _Tree) -> Value:
        source = Source((self._place,))
        match tree:
            case dict():
                return Known(Array({key: self.value(below) for key, below in tree.items()}), source)
            case list():
                return Known(Array(dict(enumerate(map(self.value, tree)))), source)
            case _Env(name, default):
                return self._variable(name) or self.value(default)
            case _Below(root, path):
                where = self._paths.storage if root == "storage" else self._paths.database
                if isinstance(where, Unknown):
                    return where
                return Known(self._paths.joined(where, path), source)
            case _Named(name, style, suffix):
                return self._variable(name) or self._of_the_name(style, suffix)
            case _Words(name):
                return self._words(name)
        return Known(tree, source)

    def _variable(self, name: str) -> Value | None:
        found = self._environment.env(name)
        if found is None or isinstance(found, Unknown):
            return found
        return Known(found[0], Source((self._place,), (found[1],), direct=True))

    def _of_the_name(self, style: str, suffix: str) -> Value:
        app_name = self._variable("APP_NAME") or self.value("laravel")
        if isinstance(app_name, Unknown):
            return app_name
        source = Source((self._place,)).made_with([app_name.source])
        try:
            stem: Plain = (
                snake(text(app_name.value))
                if style == "snake"
                else METHODS["illuminate\\support\\str::slug"](app_name.value, style)
            )
        except Undecidable as reason:
            return Unknown(self._place, "APP_NAME", str(reason))
        return Known(f"{text(stem)}{suffix}", source)

    def _words(self, name: str) -> Value:
        found = self._variable(name)
        if isinstance(found, Unknown):
            return found
        source = found.source if found else Source((self._place,))
        words = text(found.value).split(",") if found else []
        kept: dict[Key, Value] = {
            index: Known(word, source) for index, word in enumerate(words) if truth(word)
        }
        return Known(Array(kept), source)


def _trees(major: int) -> dict[str, _Tree]:
    style = "-" if major >= 13 else "_"
    redis = {
        "url": _Env("REDIS_URL"),
        "host": _Env("REDIS_HOST", "127.0.0.1"),
        "username": _Env("REDIS_USERNAME"),
        "password": _Env("REDIS_PASSWORD"),
        "port": _Env("REDIS_PORT", "6379"),
    }
    server = {
        "url": _Env("DB_URL"),
        "host": _Env("DB_HOST", "127.0.0.1"),
        "port": _Env("DB_PORT", "3306"),
        "database": _Env("DB_DATABASE", "laravel"),
        "username": _Env("DB_USERNAME", "root"),
        "password": _Env("DB_PASSWORD", ""),
        "prefix": "",
    }
    socket = {"unix_socket": _Env("DB_SOCKET", "")}
    return {
        "app": {
            "name": _Env("APP_NAME", "Laravel"),
            "env": _Env("APP_ENV", "production"),
            "key": _Env("APP_KEY"),
            "previous_keys": _Words("APP_PREVIOUS_KEYS"),
            "cipher": "AES-256-CBC",
        },
        "session": {
            "driver": _Env("SESSION_DRIVER", "database"),
            "lifetime": _Env("SESSION_LIFETIME", 120),
            "expire_on_close": _Env("SESSION_EXPIRE_ON_CLOSE", default=False),
            "encrypt": _Env("SESSION_ENCRYPT", default=False),
            "files": _Below("storage", "framework/sessions"),
            "connection": _Env("SESSION_CONNECTION"),
            "table": _Env("SESSION_TABLE", "sessions"),
            "store": _Env("SESSION_STORE"),
            "lottery": [2, 100],
            "cookie": _Named("SESSION_COOKIE", "snake" if major >= 13 else "_", "_session"),
            "path": _Env("SESSION_PATH", "/"),
            "domain": _Env("SESSION_DOMAIN"),
            "secure": _Env("SESSION_SECURE_COOKIE"),
            "http_only": _Env("SESSION_HTTP_ONLY", default=True),
            "same_site": _Env("SESSION_SAME_SITE", "lax"),
            "partitioned": _Env("SESSION_PARTITIONED_COOKIE", default=False),
        },
        "cache": {
            "default": _Env("CACHE_STORE", "database"),
            "stores": {
                "array": {"driver": "array"},
                "database": {"driver": "database"},
                "file": {"driver": "file", "path": _Below("storage", "framework/cache/data")},
                "memcached": {"driver": "memcached"},
                "redis": {
                    "driver": "redis",
                    "connection": _Env("REDIS_CACHE_CONNECTION", "cache"),
                    "lock_connection": _Env("REDIS_CACHE_LOCK_CONNECTION", "default"),
                },
                "dynamodb": {"driver": "dynamodb"},
            },
            "prefix": _Named("CACHE_PREFIX", style, f"{style}cache{style}"),
        },
        "database": {
            "default": _Env("DB_CONNECTION", "sqlite"),
            "connections": {
                "sqlite": {
                    "driver": "sqlite",
                    "url": _Env("DB_URL"),
                    "database": _Env("DB_DATABASE", _Below("database", "database.sqlite")),
                    "prefix": "",
                },
                "mysql": {"driver": "mysql", **server, **socket},
                "mariadb": {"driver": "mariadb", **server, **socket},
                "pgsql": {"driver": "pgsql", **server, "port": _Env("DB_PORT", "5432")},
            },
            "redis": {
                "client": _Env("REDIS_CLIENT", "phpredis"),
                "options": {
                    "cluster": _Env("REDIS_CLUSTER", "redis"),
                    "prefix": _Named("REDIS_PREFIX", style, f"{style}database{style}"),
                },
                "default": {**redis, "database": _Env("REDIS_DB", "0")},
                "cache": {**redis, "database": _Env("REDIS_CACHE_DB", "1")},
            },
        },
        "queue": {"default": _Env("QUEUE_CONNECTION", "database")},
        "filesystems": {"default": _Env("FILESYSTEM_DISK", "local")},
    }
