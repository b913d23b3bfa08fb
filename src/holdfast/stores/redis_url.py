"""The URLs of a Redis store."""

from __future__ import annotations

from typing import Any

from holdfast.core.errors import UsageError
from holdfast.laravel.names import Version, cache_prefix, redis_prefix, session_key_prefix
from holdfast.stores.redis import RedisStore
from holdfast.stores.url import StoreUrl

MOST_REPLICAS = 100
SENTINEL_PORT = 26379

_SENTINEL_EXAMPLE = "redis+sentinel://host1:26379,host2:26379/mymaster/0"


def from_url(url: StoreUrl) -> RedisStore:
    """``redis://user:password@host:port/0?prefix=...&replicas=2``, ``rediss://`` with TLS, or
    ``redis+sentinel://user:password@host1:26379,host2:26379/mymaster/0?prefix=...&replicas=2``.
    """
    if url.scheme == "redis+sentinel":
        return _through_sentinel(url)
    return RedisStore(
        host=url.host or "127.0.0.1",
        port=url.port or 6379,
        database=_database(url.path.strip("/"), "redis://host:6379/0"),
        username=url.username,
        password=url.password,
        tls=url.scheme == "rediss",
        lifetime=url.lifetime,
        **_parameters(url),
    )


def _through_sentinel(url: StoreUrl) -> RedisStore:
    """Hosts are Sentinels; user and password are for the nodes that they name."""
    places = ((url.host, url.port), *url.more)
    service, _, database = url.path.strip("/").partition("/")
    if not service or not all(host for host, _ in places):
        raise UsageError(
            "the URL of a Redis through Sentinel names Sentinels and the name of its primary",
            hint=f"write {_SENTINEL_EXAMPLE}",
        )
    return RedisStore(
        sentinels=tuple((host, port or SENTINEL_PORT) for host, port in places),
        service=service,
        database=_database(database, _SENTINEL_EXAMPLE),
        username=url.username,
        password=url.password,
        lifetime=url.lifetime,
        **_parameters(url),
    )


def default_prefix(version: Version) -> str:
    """What precedes the id where an application named Laravel configures nothing."""
    redis, cache = redis_prefix("Laravel", version), cache_prefix("Laravel", version)
    return session_key_prefix(redis, cache, version)


def _parameters(url: StoreUrl) -> dict[str, Any]:
    return {
        "prefix": url.parameters.get("prefix", default_prefix(url.laravel)),
        "replicas": url.number("replicas", 0, range(MOST_REPLICAS + 1)),
    }


def _database(text: str, example: str) -> int:
    number = text or "0"
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise UsageError(
            "the path of a redis URL is the database's number",
            hint=f"write {example}; Laravel keeps sessions in database 0 by default",
        )
    return int(number)
