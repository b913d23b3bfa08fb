"""What every process of the application has to agree on, whatever it is used for."""

from __future__ import annotations

from holdfast.kube.app import App

_MAINTENANCE_SINCE = 11
"""The release whose config/app.php reads APP_MAINTENANCE_DRIVER. 9 and 10 know the driver
``cache``, but their file says ``file`` itself; 8 knows files alone (laravel/laravel v8.6.12,
v9.5.2, v10.3.3, v11.6.1)."""

_SHARED = ("database", "redis", "memcached", "dynamodb")


def maintenance_store(app: App) -> str | None:
    """The cache store in which all replicas see that the application is down; None: each alone.

    ``/up`` does not ask it (PreventRequestsDuringMaintenance.php, since 10.x), so a probe does not
    need it either.
    """
    shared = app.spec.cache.store in _SHARED
    return app.spec.cache.store if shared and app.spec.laravel >= _MAINTENANCE_SINCE else None


def variables(app: App) -> dict[str, str]:
    """Mode, address, logs; the maintenance mode is kept where all replicas see it."""
    store = maintenance_store(app)
    maintenance = {"APP_MAINTENANCE_DRIVER": "cache", "APP_MAINTENANCE_STORE": store}
    return {
        "APP_DEBUG": "false",
        "APP_ENV": "production",
        "APP_URL": f"https://{app.spec.host}",
        "LOG_CHANNEL": "stderr",
        # One line for each entry, a stack trace in it.
        "LOG_STDERR_FORMATTER": "Monolog\\Formatter\\JsonFormatter",
        **{name: value for name, value in maintenance.items() if value and store},
    }
