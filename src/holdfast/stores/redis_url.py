"""The URLs of a Redis store."""

from __future__ import annotations

from holdfast.core.errors import UsageError
from holdfast.laravel.names import Version, cache_prefix, redis_prefix, session_key_prefix
from holdfast.stores.redis import RedisStore
from holdfast.stores.url import StoreUrl

MOST_REPLICAS = 100


def from_url(url: StoreUrl) -> RedisStore:
    """``redis://user:password@host:port/0?prefix=...&replicas=2``, ``rediss://`` with TLS."""
    return RedisStore(
        host=url.host or "127.0.0.1",
        port=url.port or 6379,
        database=_database(url.path.strip("/"), "redis://host:6379/0"),
        prefix=url.parameters.get("prefix", default_prefix(url.laravel)),
        username=url.username,
        password=url.password,
        tls=url.scheme == "rediss",
        lifetime=url.lifetime,
        replicas=url.number("replicas", 0, range(MOST_REPLICAS + 1)),
    )


def default_prefix(version: Version) -> str:
    """What precedes the id where an application named Laravel configures nothing."""
    redis, cache = redis_prefix("Laravel", version), cache_prefix("Laravel", version)
    return session_key_prefix(redis, cache, version)


def _database(text: str, example: str) -> int:
    number = text or "0"
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise UsageError(
            "the path of a redis URL is the database's number",
            hint=f"write {example}; Laravel keeps sessions in database 0 by default",
        )
    return int(number)
