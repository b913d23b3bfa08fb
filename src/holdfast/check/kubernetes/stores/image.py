"""Which server an image holds, by its name."""

from __future__ import annotations

from typing import Final

import msgspec

REDIS_LIKE: Final = ("redis", "valkey", "keydb", "dragonfly")
"""Products that speak Redis's protocol."""

# The last part of an image's name, without tag.
_PRODUCTS: Final = {
    "redis": "redis", "redis-stack": "redis", "redis-stack-server": "redis",
    "redis-cluster": "redis", "redis-sentinel": "redis", "redis-alpine": "redis",
    "valkey": "valkey", "valkey-cluster": "valkey", "valkey-sentinel": "valkey",
    "valkey-bundle": "valkey",
    "keydb": "keydb", "dragonfly": "dragonfly",
    "memcached": "memcached",
    "mysql": "mysql", "mysql-server": "mysql", "percona": "mysql", "percona-server": "mysql",
    "mariadb": "mariadb", "mariadb-galera": "mariadb",
    "postgres": "postgresql", "postgresql": "postgresql", "postgresql-repmgr": "postgresql",
    "postgis": "postgresql", "timescaledb": "postgresql",
    "pgbouncer": "pgbouncer",
}  # fmt: skip
_BITNAMI: Final = ("bitnami", "bitnamilegacy", "bitnamisecure", "bitnamiprem")
# Who publishes an image that is configured by its arguments alone.
_PLAIN: Final = {
    "redis": ("", "library", "arm32v7", "arm64v8", "amd64"),
    "valkey": ("valkey",),
    "keydb": ("eqalpha",),
    "dragonfly": ("dragonflydb",),
    "memcached": ("", "library"),
    "mysql": ("", "library"),
    "mariadb": ("", "library"),
    "postgresql": ("", "library"),
}


class Image(msgspec.Struct, frozen=True):
    """What an image is.

    Args:
        product: ``redis``, ``valkey``, ``keydb``, ``dragonfly``, ``memcached``, ``mysql``,
            ``mariadb``, ``postgresql``, ``pgbouncer``.
        maker: ``plain`` for the product's own image, ``bitnami``, ``stack`` for Redis Stack,
            ``other`` for one that may be configured in ways that no manifest says.
        sentinel: whether it runs Redis Sentinel.
    """

    product: str
    maker: str
    sentinel: bool = False


def image(reference: str) -> Image | None:
    """What an image is; None where its name does not say that it is one of these servers."""
    name = reference.partition("@")[0]
    head, _, last = name.rpartition("/")
    last = last.partition(":")[0]
    product = _PRODUCTS.get(last)
    if product is None:
        return None
    parts = [part for part in head.split("/") if part]
    if parts and ("." in parts[0] or ":" in parts[0] or parts[0] == "localhost"):
        registry, parts = parts[0], parts[1:]
        # docker.io/redis is the same as redis; example.com/redis is anybody's.
        owner = parts[-1] if parts else "" if registry == "docker.io" else registry
    else:
        owner = parts[-1] if parts else ""
    sentinel = last.endswith("-sentinel")
    if any(part in _BITNAMI for part in parts):
        return Image(product, "bitnami", sentinel)
    if last.startswith("redis-stack") and owner == "redis":
        return Image(product, "stack")
    plain = owner in _PLAIN.get(product, ()) and last == product.replace("postgresql", "postgres")
    return Image(product, "plain" if plain else "other", sentinel)
