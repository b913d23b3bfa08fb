"""What Laravel computes in one process: its configuration under the environment that it runs in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from holdfast.check.kubernetes.env import ContainerEnv
from holdfast.laravel.env import env_value
from holdfast.manifests.place import Place
from holdfast.project.values import Array, Known, Scalar, Source, Unknown, Use, Value

if TYPE_CHECKING:
    from holdfast.project.effective import Effective
    from holdfast.project.project import Project

_PLACE = re.compile(r"(?P<file>.+?):(?P<line>[0-9]+)(?::(?P<column>[0-9]+))?")

STOCK: Final[Mapping[str, tuple[str, ...]]] = {
    "app.env": ("APP_ENV",),
    "app.debug": ("APP_DEBUG",),
    "app.key": ("APP_KEY",),
    "app.previous_keys": ("APP_PREVIOUS_KEYS",),
    "app.url": ("APP_URL",),
    "app.name": ("APP_NAME",),
    "app.maintenance.driver": ("APP_MAINTENANCE_DRIVER",),
    "cache.default": ("CACHE_STORE", "CACHE_DRIVER"),
    "cache.prefix": ("CACHE_PREFIX",),
    "cache.stores.memcached.servers.0.host": ("MEMCACHED_HOST",),
    "cache.stores.memcached.servers.0.port": ("MEMCACHED_PORT",),
    "database.connections.mysql.host": ("DB_HOST",),
    "database.connections.mysql.port": ("DB_PORT",),
    "database.default": ("DB_CONNECTION",),
    "database.redis.client": ("REDIS_CLIENT",),
    "database.redis.default.host": ("REDIS_HOST",),
    "database.redis.default.port": ("REDIS_PORT",),
    "database.redis.default.password": ("REDIS_PASSWORD",),
    "database.redis.default.database": ("REDIS_DB",),
    "database.redis.cache.host": ("REDIS_HOST",),
    "database.redis.cache.port": ("REDIS_PORT",),
    "database.redis.cache.database": ("REDIS_CACHE_DB",),
    "database.redis.options.prefix": ("REDIS_PREFIX",),
    "filesystems.default": ("FILESYSTEM_DISK", "FILESYSTEM_DRIVER"),
    "queue.default": ("QUEUE_CONNECTION",),
    "session.connection": ("SESSION_CONNECTION",),
    "session.cookie": ("SESSION_COOKIE",),
    "session.domain": ("SESSION_DOMAIN",),
    "session.driver": ("SESSION_DRIVER",),
    "session.encrypt": ("SESSION_ENCRYPT",),
    "session.http_only": ("SESSION_HTTP_ONLY",),
    "session.lifetime": ("SESSION_LIFETIME",),
    "session.path": ("SESSION_PATH",),
    "session.same_site": ("SESSION_SAME_SITE",),
    "session.secure": ("SESSION_SECURE_COOKIE",),
    "session.store": ("SESSION_STORE",),
    "session.table": ("SESSION_TABLE",),
}
"""The variables that Laravel's own configuration files ask for, 8 to 13: used where there are
manifests without the project. A variable that is not set there leaves the setting unknown.
"""


@dataclass(frozen=True, eq=False)
class Settings:
    """The settings of one process.

    Args:
        project: whose; None where only manifests are known.
        prefix: what the names of the project's files are shown with in front: ``shop/``.
        env: of its container; None where no manifest says how it runs.
        elsewhere: places that are of the repository, not of the project.
    """

    project: Project | None
    prefix: str = ""
    env: ContainerEnv | None = field(default=None, repr=False)
    elsewhere: frozenset[str] = field(default=frozenset(), repr=False)

    def get(self, name: str) -> Value:
        """A setting by its dotted name, as ``config()`` gives it; null where it is not set."""
        found = self._told.get(name)
        if found is None:
            found = self._told[name] = self._value(name)
        return found

    @cached_property
    def _told(self) -> dict[str, Value]:
        """What was asked for already: many rules ask for the same."""
        return {}

    def _value(self, name: str) -> Value:
        if self.project is not None:
            return self.project.get(name)
        for variable in STOCK.get(name, ()):
            found = self.env.variables.get(variable) if self.env is not None else None
            if found is None:
                continue
            place = str(found.place)
            if found.value is None:
                return Unknown(place, variable, found.why)
            source = Source((place,), (Use(variable, place),), direct=True)
            return Known(env_value(found.value), source)
        return Unknown("", name, "the Laravel project is not among what is checked")

    def scalar(self, name: str) -> Scalar:
        """A setting where it is known and no array; None otherwise."""
        found = self.get(name)
        if isinstance(found, Unknown) or isinstance(found.value, Array):
            return None
        return found.value

    def text(self, name: str) -> str:
        """A setting where it is a known text; empty otherwise."""
        found = self.scalar(name)
        return found if isinstance(found, str) else ""

    def known(self, name: str) -> bool:
        """Whether it can be told."""
        return isinstance(self.get(name), Known)

    @cached_property
    def session(self) -> Effective | None:
        """All of the sessions' settings; None without the project."""
        if self.project is None:
            return None
        # Manifests alone do without all that this loads.
        from holdfast.project.effective import effective_session

        return effective_session(self.project)

    def place(self, name: str) -> Place:
        """Where the cause of a setting's value is: the variable's if it has one."""
        found = self.get(name)
        if isinstance(found, Unknown):
            return self.spot(found.place)
        if found.source.uses:
            return self.spot(found.source.uses[0].place)
        return self.spot(found.source.places[0] if found.source.places else "")

    def spot(self, place: str) -> Place:
        """A place as ``project`` writes it, ``config/session.php:7``: its own or a manifest's."""
        match = _PLACE.fullmatch(place)
        if match is None:
            return Place(place)
        line, column = int(match["line"]), int(match["column"] or 0)
        ours = place in self.elsewhere or any(
            str(variable.place) == place for variable in (self.env or {}).values()
        )
        return Place(match["file"] if ours else self.prefix + match["file"], line, column)
