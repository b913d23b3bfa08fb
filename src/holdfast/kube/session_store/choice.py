"""Which store an application's sessions are in, and where that is."""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.objects import named
from holdfast.kube.spec.session import (
    ExternalServer,
    OperatorRedis,
    SentinelRedis,
    SingleRedis,
    Store,
)

SERVERS = "sessions"
"""The component of the pods that keep sessions."""
SENTINELS = "sessions-sentinel"
PROXY = "sessions-proxy"

REDIS_PORT = 6379
SENTINEL_PORT = 26379
MEMCACHED_PORT = 11211

Redis = SingleRedis | SentinelRedis | OperatorRedis


def store(app: App) -> Store:
    """What a person said of it."""
    return app.spec.session.store or Store()


def rendered_redis(app: App) -> Redis | None:
    """The Redis that is rendered; None where somebody else runs the store."""
    if app.spec.session.driver != "redis":
        return None
    said = store(app)
    if said.external is not None:
        return None
    return said.sentinel or said.operator or said.single or SingleRedis()


def external(app: App) -> ExternalServer | None:
    """The Redis or memcached that somebody else runs."""
    if app.spec.session.driver not in ("redis", "memcached"):
        return None
    return store(app).external


def address(app: App) -> tuple[str, int] | None:
    """Host and port of the Redis or memcached; None for stores of another kind.

    The host of a Service without a namespace: pods that ask are in the same one.
    """
    if (found := external(app)) is not None:
        usual = REDIS_PORT if app.spec.session.driver == "redis" else MEMCACHED_PORT
        return found.host, found.port or usual
    match rendered_redis(app):
        case None:
            return None
        case OperatorRedis():
            # redis-operator v0.26.0, api/redisreplication/v1beta2: MasterService()
            return named(app, f"{SERVERS}-master"), REDIS_PORT
    return named(app, SERVERS), REDIS_PORT


def password_key(app: App) -> str:
    """The key of the Secret that has Redis's password; Laravel reads the same variable."""
    return f"{store(app).variables}_PASSWORD"


def components(app: App) -> tuple[str, ...]:
    """The components of the pods that are rendered for the store."""
    match rendered_redis(app):
        case None:
            return ()
        case SingleRedis():
            return (SERVERS,)
        case OperatorRedis():
            return (SERVERS, SENTINELS)
    return (SERVERS, SENTINELS, PROXY)
