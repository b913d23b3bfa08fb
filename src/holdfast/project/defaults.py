"""The framework's own configuration files as data.

By the interface of laravel/framework 11.56, 12.67 and 13.26 (``config/``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from holdfast.project.operators import Plain, integer, truth


class Env(msgspec.Struct, frozen=True):
    """A variable, and what counts where it is not set."""

    name: str
    default: Any = None


class Cast(msgspec.Struct, frozen=True):
    """A variable as a whole number or as true or false."""

    function: Callable[[Plain], Plain]
    variable: Env


class Part(msgspec.Struct, frozen=True):
    """Some elements of an array; the framework has more."""

    items: dict[str, Any]


class Named(msgspec.Struct, frozen=True):
    """A name made of APP_NAME, unless a variable gives it."""

    name: str
    style: str
    suffix: str


class Below(msgspec.Struct, frozen=True):
    """A path below the storage or the database directory."""

    root: str
    path: str


class Words(msgspec.Struct, frozen=True):
    """A variable that lists words by comma."""

    name: str


Tree: TypeAlias = Any
"""One of the above, a dict or a list of such, or a plain value."""


def trees(major: int) -> dict[str, Tree]:
    """What each file of the framework's ``config/`` returns, as far as it is kept here.

    Args:
        major: 11 or later.
    """
    style = "-" if major >= 13 else "_"
    private = "app" if major == 11 else "app/private"
    redis = {
        "url": Env("REDIS_URL"),
        "host": Env("REDIS_HOST", "127.0.0.1"),
        "username": Env("REDIS_USERNAME"),
        "password": Env("REDIS_PASSWORD"),
        "port": Env("REDIS_PORT", "6379"),
    }
    if major >= 12:
        redis |= {
            "max_retries": Env("REDIS_MAX_RETRIES", 3),
            "backoff_algorithm": Env("REDIS_BACKOFF_ALGORITHM", "decorrelated_jitter"),
            "backoff_base": Env("REDIS_BACKOFF_BASE", 100),
            "backoff_cap": Env("REDIS_BACKOFF_CAP", 1000),
        }
    server = {
        "url": Env("DB_URL"),
        "host": Env("DB_HOST", "127.0.0.1"),
        "port": Env("DB_PORT", "3306"),
        "database": Env("DB_DATABASE", "laravel"),
        "username": Env("DB_USERNAME", "root"),
        "password": Env("DB_PASSWORD", ""),
        "prefix": "",
    }
    socket = {"unix_socket": Env("DB_SOCKET", "")}
    return {
        "app": Part(
            {
                "name": Env("APP_NAME", "Laravel"),
                "env": Env("APP_ENV", "production"),
                "debug": Cast(truth, Env("APP_DEBUG", default=False)),
                "url": Env("APP_URL", "http://localhost"),
                "key": Env("APP_KEY"),
                "previous_keys": Words("APP_PREVIOUS_KEYS"),
                "cipher": "AES-256-CBC",
                "maintenance": {
                    "driver": Env("APP_MAINTENANCE_DRIVER", "file"),
                    "store": Env("APP_MAINTENANCE_STORE", "database"),
                },
            }
        ),
        "auth": {
            "defaults": {
                "guard": Env("AUTH_GUARD", "web"),
                "passwords": Env("AUTH_PASSWORD_BROKER", "users"),
            },
            "guards": {"web": {"driver": "session", "provider": "users"}},
            "providers": {
                "users": {"driver": "eloquent", "model": Env("AUTH_MODEL", "App\\Models\\User")}
            },
            "passwords": {
                "users": {
                    "provider": "users",
                    "table": Env("AUTH_PASSWORD_RESET_TOKEN_TABLE", "password_reset_tokens"),
                    "expire": 60,
                    "throttle": 60,
                }
            },
            "password_timeout": Env("AUTH_PASSWORD_TIMEOUT", 10800),
        },
        "broadcasting": Part({"default": Env("BROADCAST_CONNECTION", "null")}),
        "cors": {
            "paths": ["api/*", "sanctum/csrf-cookie"],
            "allowed_methods": ["*"],
            "allowed_origins": ["*"],
            "allowed_origins_patterns": [],
            "allowed_headers": ["*"],
            "exposed_headers": [],
            "max_age": 0,
            "supports_credentials": False,
        },
        "session": {
            "driver": Env("SESSION_DRIVER", "database"),
            "lifetime": Env("SESSION_LIFETIME", 120),
            "expire_on_close": Env("SESSION_EXPIRE_ON_CLOSE", default=False),
            "encrypt": Env("SESSION_ENCRYPT", default=False),
            "files": Below("storage", "framework/sessions"),
            "connection": Env("SESSION_CONNECTION"),
            "table": Env("SESSION_TABLE", "sessions"),
            "store": Env("SESSION_STORE"),
            "lottery": [2, 100],
            "cookie": Named("SESSION_COOKIE", "snake" if major >= 13 else "_", "_session"),
            "path": Env("SESSION_PATH", "/"),
            "domain": Env("SESSION_DOMAIN"),
            "secure": Env("SESSION_SECURE_COOKIE"),
            "http_only": Env("SESSION_HTTP_ONLY", default=True),
            "same_site": Env("SESSION_SAME_SITE", "lax"),
            "partitioned": Env("SESSION_PARTITIONED_COOKIE", default=False),
        },
        "cache": {
            "default": Env("CACHE_STORE", "database"),
            "stores": _stores(major),
            "prefix": Named("CACHE_PREFIX", style, f"{style}cache{style}"),
        },
        "database": {
            "default": Env("DB_CONNECTION", "sqlite"),
            "connections": {
                "sqlite": {
                    "driver": "sqlite",
                    "url": Env("DB_URL"),
                    "database": Env("DB_DATABASE", Below("database", "database.sqlite")),
                    "prefix": "",
                },
                "mysql": {"driver": "mysql", **server, **socket, "strict": True},
                "mariadb": {"driver": "mariadb", **server, **socket, "strict": True},
                "pgsql": {"driver": "pgsql", **server, "port": Env("DB_PORT", "5432")},
            },
            "redis": {
                "client": Env("REDIS_CLIENT", "phpredis"),
                "options": {
                    "cluster": Env("REDIS_CLUSTER", "redis"),
                    "prefix": Named("REDIS_PREFIX", style, f"{style}database{style}"),
                    "persistent": Env("REDIS_PERSISTENT", default=False),
                },
                "default": {**redis, "database": Env("REDIS_DB", "0")},
                "cache": {**redis, "database": Env("REDIS_CACHE_DB", "1")},
            },
        },
        "queue": Part(
            {
                "default": Env("QUEUE_CONNECTION", "database"),
                "connections": {
                    "sync": {"driver": "sync"},
                    "database": {
                        "driver": "database",
                        "connection": Env("DB_QUEUE_CONNECTION"),
                        "table": Env("DB_QUEUE_TABLE", "jobs"),
                        "queue": Env("DB_QUEUE", "default"),
                        "retry_after": Cast(integer, Env("DB_QUEUE_RETRY_AFTER", 90)),
                        "after_commit": False,
                    },
                    "beanstalkd": Part({"driver": "beanstalkd"}),
                    "sqs": Part({"driver": "sqs"}),
                    "redis": {
                        "driver": "redis",
                        "connection": Env("REDIS_QUEUE_CONNECTION", "default"),
                        "queue": Env("REDIS_QUEUE", "default"),
                        "retry_after": Cast(integer, Env("REDIS_QUEUE_RETRY_AFTER", 90)),
                        "block_for": None,
                        "after_commit": False,
                    },
                },
            }
        ),
        "filesystems": Part(
            {
                "default": Env("FILESYSTEM_DISK", "local"),
                "disks": {
                    "local": {"driver": "local", "root": Below("storage", private)},
                    "public": {"driver": "local", "root": Below("storage", "app/public")},
                    "s3": {"driver": "s3"},
                },
            }
        ),
        "logging": Part(
            {
                "default": Env("LOG_CHANNEL", "stack"),
                "channels": {
                    "stack": Part({"driver": "stack"}),
                    **{
                        name: Part({"driver": name, "path": Below("storage", "logs/laravel.log")})
                        for name in ("single", "daily")
                    },
                    "stderr": Part({"driver": "monolog"}),
                    "syslog": Part({"driver": "syslog"}),
                    "errorlog": Part({"driver": "errorlog"}),
                },
            }
        ),
    }


def _stores(major: int) -> dict[str, Tree]:
    files = Below("storage", "framework/cache/data")
    database = {
        "connection": Env("DB_CACHE_CONNECTION"),
        "table": Env("DB_CACHE_TABLE", "cache"),
        "lock_connection": Env("DB_CACHE_LOCK_CONNECTION"),
        "lock_table": Env("DB_CACHE_LOCK_TABLE"),
    }
    server = {
        "host": Env("MEMCACHED_HOST", "127.0.0.1"),
        "port": Env("MEMCACHED_PORT", 11211),
        "weight": 100,
    }
    stores: dict[str, Tree] = {
        "array": {"driver": "array", "serialize": False},
        "database": {"driver": "database", **database},
        "file": {"driver": "file", "path": files, "lock_path": files},
        "memcached": Part(
            {
                "driver": "memcached",
                "persistent_id": Env("MEMCACHED_PERSISTENT_ID"),
                "options": [],
                "servers": [server],
            }
        ),
        "redis": {
            "driver": "redis",
            "connection": Env("REDIS_CACHE_CONNECTION", "cache"),
            "lock_connection": Env("REDIS_CACHE_LOCK_CONNECTION", "default"),
        },
        "dynamodb": Part({"driver": "dynamodb", "table": Env("DYNAMODB_CACHE_TABLE", "cache")}),
        "octane": {"driver": "octane"},
    }
    if major >= 12:
        stores["session"] = Part({"driver": "session"})
        stores["failover"] = {"driver": "failover", "stores": ["database", "array"]}
    if major >= 13:
        stores["storage"] = Part({"driver": "storage"})
    return stores
