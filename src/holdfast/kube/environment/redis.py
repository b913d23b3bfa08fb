"""Variables: the Redis of REDIS_HOST where it is not the sessions', for jobs and the cache.

The stock config/database.php has two connections, ``default`` and ``cache``, and both read
REDIS_HOST. Jobs wait behind ``default`` (config/queue.php; config/horizon.php, ``use``), so they
are apart from sessions only where sessions have a connection of their own
(``session.store.variables``) or another driver.
"""

from __future__ import annotations

from dataclasses import dataclass

from holdfast.kube.app import App
from holdfast.kube.spec.session import ExternalServer

VARIABLES = "REDIS"
"""How the variables of the stock connections begin."""


@dataclass(frozen=True)
class Server:
    """A Redis with jobs in it.

    Args:
        host: as pods of the application know it.
        password: the key of the Secret; None where it asks for none.
        of_sessions: whether sessions are there too.
    """

    host: str
    port: int
    tls: bool
    database: int
    password: str | None
    of_sessions: bool


def shared(app: App) -> bool:
    """Whether sessions are in the Redis of REDIS_HOST."""
    session = app.spec.session
    store = session.store
    return session.driver == "redis" and (store is None or store.variables == VARIABLES)


def server(app: App) -> Server | None:
    """Where the stock connections lead; None where the specification does not say."""
    if app.spec.redis is not None and app.spec.redis.external is not None:
        return _server(app.spec.redis.external, of_sessions=False)
    store = app.spec.session.store
    if shared(app) and store is not None and store.external is not None:
        return _server(store.external, of_sessions=True)
    return None


def _server(external: ExternalServer, *, of_sessions: bool) -> Server:
    return Server(
        external.host,
        external.port or 6379,
        external.tls,
        external.database,
        f"{VARIABLES}_PASSWORD" if external.password else None,
        of_sessions,
    )


def variables(app: App) -> dict[str, str]:
    """Host and port; the sessions' own are those of ``session_store``.

    A host with a scheme is how a stock config/database.php connects over TLS: it has no setting for
    the scheme, and phpredis takes ``tls://host`` (Illuminate/Redis/Connectors/PhpRedisConnector.php
    hands the host on as it is).
    """
    found = server(app)
    if found is None or found.of_sessions:
        return {}
    return {
        f"{VARIABLES}_DB": str(found.database),
        f"{VARIABLES}_HOST": f"tls://{found.host}" if found.tls else found.host,
        f"{VARIABLES}_PORT": str(found.port),
    }
