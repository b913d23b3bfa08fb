"""Where payloads live: one contract, one file a store, one conformance suite."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scheme:
    """How a kind of store is opened by URL.

    Args:
        opener: ``module:function``, imported when it is used; takes a ``StoreUrl``, gives a Store.
        parameters: the query parameters that only this kind has.
        module, extra: the client that must be installed, and the extra of ours that installs it.
        several: whether it may name several hosts, separated by commas.
    """

    opener: str
    parameters: frozenset[str] = frozenset()
    module: str = ""
    extra: str = ""
    several: bool = False


SCHEMES = {
    "memory": Scheme("holdfast.stores.memory:from_url"),
    "file": Scheme("holdfast.stores.file:from_url"),
    "redis": Scheme(
        "holdfast.stores.redis_url:from_url",
        frozenset({"prefix", "password", "replicas"}),
        "redis",
        "redis",
    ),
    "rediss": Scheme(
        "holdfast.stores.redis_url:from_url",
        frozenset({"prefix", "password", "replicas"}),
        "redis",
        "redis",
    ),
    "redis+sentinel": Scheme(
        "holdfast.stores.redis_url:from_url",
        frozenset({"prefix", "password", "replicas"}),
        "redis",
        "redis",
        several=True,
    ),
    "sqlite": Scheme("holdfast.stores.database:from_url", frozenset({"table", "beside"})),
    "postgresql": Scheme(
        "holdfast.stores.database:from_url",
        frozenset({"table", "tls", "password", "beside"}),
        "psycopg",
        "postgresql",
    ),
    "mysql": Scheme(
        "holdfast.stores.database:from_url",
        frozenset({"table", "tls", "password", "beside"}),
        "pymysql",
        "mysql",
    ),
    "mariadb": Scheme(
        "holdfast.stores.database:from_url",
        frozenset({"table", "tls", "password", "beside"}),
        "pymysql",
        "mysql",
    ),
}
"""Every kind of store, by the scheme of its URL."""

LOCK_SCHEMES = {
    scheme: Scheme(
        f"holdfast.stores.{module}_locks:from_url",
        frozenset(parameters),
        SCHEMES[scheme].module,
        SCHEMES[scheme].extra,
        SCHEMES[scheme].several,
    )
    for scheme, module, parameters in (
        ("memory", "memory", ()),
        ("file", "file", ("prefix",)),
        ("redis", "redis", ("prefix", "password")),
        ("rediss", "redis", ("prefix", "password")),
        ("redis+sentinel", "redis", ("prefix", "password")),
        ("sqlite", "database", ("prefix", "table")),
        ("postgresql", "database", ("prefix", "table", "tls", "password")),
        ("mysql", "database", ("prefix", "table", "tls", "password")),
        ("mariadb", "database", ("prefix", "table", "tls", "password")),
    )
}
"""Every kind of store of locks, likewise."""
