"""All variables of the application: equal in all its processes, or sessions are not found."""

from __future__ import annotations

from holdfast.kube.app import App, Object
from holdfast.kube.environment import (
    application,
    cache,
    database,
    edge,
    queue,
    redis,
    session_store,
    sessions,
    storage,
)
from holdfast.kube.objects import config_map, digest

_SOURCES = (application, sessions, session_store, redis, cache, queue, database, storage, edge)


def pinned(app: App) -> dict[str, str]:
    """What Holdfast decides: a person says it in its own place of the specification."""
    gathered: dict[str, str] = {}
    for source in _SOURCES:
        gathered.update(source.variables(app))
    return gathered


def variables(app: App) -> dict[str, str]:
    """Name and value of everything that is not secret."""
    return pinned(app) | app.spec.config


def config(app: App) -> Object:
    """The ConfigMap of all this."""
    return config_map(app, f"{app.name}-config", "config", variables(app))


def secret_name(app: App) -> str:
    """The Secret that pods read: named after its content where it is rendered."""
    if app.secret is None:
        return app.spec.secret_name
    return f"{app.spec.secret_name}-{digest(dict(app.secret))}"


def environment_from(app: App) -> list[Object]:
    """``envFrom`` of every container of the application; the Secret wins."""
    return [
        {"configMapRef": {"name": config(app)["metadata"]["name"]}},
        {"secretRef": {"name": secret_name(app)}},
    ]
