"""Variables: where the session store is, and how it is reached.

laravel/laravel, config/database.php, cache.php and session.php of 8.x (78ad150), 9.x (5b60b60),
10.x, 11.x, 12.x (8a119d7) and what is to be 13 (4c9bb62): all of them read ``REDIS_HOST``,
``REDIS_PORT``, ``REDIS_DB`` (8.x has no user name: the password is that of Redis's user
``default``), ``MEMCACHED_HOST``, ``MEMCACHED_PORT``, ``DYNAMODB_CACHE_TABLE`` and
``AWS_DEFAULT_REGION``. ``SESSION_STORE`` stays unset: without it the session driver's own cache
store is taken (Illuminate/Session/SessionManager.php, ``createCacheHandler``).
"""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.session_store.choice import address, external, store


def variables(app: App) -> dict[str, str]:
    """Host and port, or table and region; the password is in the Secret."""
    said = store(app)
    if app.spec.session.driver == "dynamodb" and said.dynamodb is not None:
        return {
            "AWS_DEFAULT_REGION": said.dynamodb.region,
            "DYNAMODB_CACHE_TABLE": said.dynamodb.table,
        }
    found = address(app)
    if found is None:
        return {}
    host, port = found
    if app.spec.session.driver == "memcached":
        return {"MEMCACHED_HOST": host, "MEMCACHED_PORT": str(port)}
    other = external(app)
    # phpredis takes the scheme before the host, in every version of Laravel; no stock variable
    # names the scheme itself. Predis: since January 2025 (laravel/framework 70f250f), not in 8.
    scheme = "tls://" if other is not None and other.tls else ""
    return {
        f"{said.variables}_DB": str(0 if other is None else other.database),
        f"{said.variables}_HOST": f"{scheme}{host}",
        f"{said.variables}_PORT": str(port),
    }
