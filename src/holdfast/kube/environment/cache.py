"""Variables: the cache."""

from __future__ import annotations

from holdfast.kube.app import App


def prefix(app: App) -> str:
    """CACHE_PREFIX. Stores of sessions in Redis, memcached and DynamoDB are cache stores, so it is
    part of a session's key: an application that runs keeps what it has.
    """
    chosen = app.spec.cache.prefix
    return f"{app.name}_cache_" if chosen is None else chosen


def variables(app: App) -> dict[str, str]:
    """The default store and its prefix; the store's variable has another name from Laravel 11 on.

    Source: config/cache.php of laravel/laravel v8.6.12 to v10.3.3 (CACHE_DRIVER), v11.6.1 and 12.x
    (CACHE_STORE).
    """
    name = "CACHE_STORE" if app.spec.laravel >= 11 else "CACHE_DRIVER"
    return {"CACHE_PREFIX": prefix(app), name: app.spec.cache.store}
