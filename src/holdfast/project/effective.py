"""The effective session configuration of a project: each value, and where it came from.

What a value means is said by ``laravel/config.py``; here is which settings it depends on. One that
depends on an unknown setting is unknown itself, all others are still told.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias, cast

import msgspec

from holdfast.core.errors import UsageError
from holdfast.laravel.config import SessionConfig, effective
from holdfast.laravel.keys import KEY_BYTES
from holdfast.laravel.names import Version
from holdfast.project.connections import Connection, connection
from holdfast.project.project import Project
from holdfast.project.values import Array, Known, Source, Unknown, Value, joined

Shown: TypeAlias = str | int | bool | list[int] | None

_SECRET: Final = ("app.key", "app.previous_keys")
# The settings whose effect is one member of SessionConfig, under the name that it is shown by.
_PLAIN: Final = (
    ("cookie", "session.cookie", "cookie"),
    ("driver", "session.driver", "driver"),
    ("connection", "session.connection", "connection"),
    ("table", "session.table", "table"),
    ("store", "session.store", "store"),
    ("files", "session.files", "files"),
    ("lifetime", "session.lifetime", "lifetime"),
    ("expire_on_close", "session.expire_on_close", "expire_on_close"),
    ("encrypt", "session.encrypt", "encrypt"),
    ("serialization", "session.serialization", "serialization"),
    ("lottery", "session.lottery", "lottery"),
    ("path", "session.path", "path"),
    ("domain", "session.domain", "domain"),
    ("secure", "session.secure", "secure"),
    ("http_only", "session.http_only", "http_only"),
    ("same_site", "session.same_site", "same_site"),
    ("partitioned", "session.partitioned", "partitioned"),
    ("block.enabled", "session.block", "block.enabled"),
    ("block.store", "session.block_store", "block.store"),
    ("block.lock_seconds", "session.block_lock_seconds", "block.lock_seconds"),
    ("block.wait_seconds", "session.block_wait_seconds", "block.wait_seconds"),
)
_SHARED: Final = (
    ("cache.default", "cache.default"),
    ("queue.default", "queue.default"),
    ("filesystems.default", "filesystems.default"),
)
# Needed for every effective configuration, with values that are always right.
_FILLED: Final[dict[str, Any]] = {"session.cookie": "x", "session.lottery": [2, 100]}
# What the framework itself takes where a key is missing or null.
_DEFAULTS: Final[dict[str, Any]] = {
    "session.block_lock_seconds": 10,
    "session.block_wait_seconds": 10,
}


class Row(msgspec.Struct, frozen=True):
    """One effective value.

    Args:
        name: ``cookie``, ``redis.host``, ...
        value: what is in effect; lifetimes are seconds.
        source: where it came from.
    """

    name: str
    value: Shown
    source: Source


class Missing(msgspec.Struct, frozen=True):
    """A value that cannot be told.

    Args:
        name: as in ``Row``.
        place: file and line of what stands in the way.
        expression: what stands there; hidden where it may hold a secret.
        why: why it cannot be evaluated, or why Laravel could not work with it.
        needed: whether the sessions cannot be opened without it.
    """

    name: str
    place: str
    expression: str
    why: str
    needed: bool = False


@dataclass(frozen=True)
class Effective:
    """Everything that can be told of a project's sessions.

    Args:
        rows: what is known, in the order of showing.
        missing: what is not.
        config: all of it for use, secrets included; None where something in it is missing.
        redis: the Redis connection that sessions go to where the driver is ``redis``.
        database: the connection of the database driver; None where its name is not known.
    """

    rows: tuple[Row, ...]
    missing: tuple[Missing, ...]
    config: SessionConfig | None = field(repr=False)
    redis: Connection | None = field(repr=False)
    database: Connection | None = field(repr=False)


def effective_session(project: Project) -> Effective:
    """What a project does with its sessions."""
    return _Reader(project).read()


class _Reader:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._rows: list[Row] = []
        self._missing: list[Missing] = []
        self._version = cast(Version, project.release.major)
        self._settings: dict[str, Any] = {}

    def read(self) -> Effective:
        release = self._project.release
        self._rows.append(Row("laravel", str(release), Source((release.place,))))
        for name, setting, member in _PLAIN:
            self._plain(name, setting, member)
        redis, database = self._connections()
        self._prefixes(redis)
        self._key()
        for name, setting in _SHARED:
            self._show(name, self._project.get(setting))
        config = None
        if not any(missing.needed for missing in self._missing):
            config = effective(self._settings, self._version)
        return Effective(tuple(self._rows), tuple(self._missing), config, redis, database)

    def _plain(self, name: str, setting: str, member: str) -> None:
        """A value that comes of one setting."""
        value = self._project.get(setting)
        if isinstance(value, Unknown):
            self._lack(name, value)
            return
        native = _native(value)
        if isinstance(native, Unknown):
            self._lack(name, native)
            return
        if native is None and setting in _DEFAULTS:
            native = _DEFAULTS[setting]
        if setting == "session.secure" and native is None and self._before(11, 21):
            native = False
        config = self._effective(name, {setting: native}, value.source)
        if config is None:
            return
        self._settings[setting] = native
        shown: Any = config
        for step in member.split("."):
            shown = getattr(shown, step)
        shown = list(shown) if isinstance(shown, tuple) else shown
        self._rows.append(Row(name, shown, value.source))

    def _effective(
        self, name: str, settings: Mapping[str, Any], source: Source
    ) -> SessionConfig | None:
        """The configuration of some settings; None where one of them cannot be."""
        try:
            return effective({**_FILLED, **settings}, self._version)
        except UsageError as error:
            self._missing.append(Missing(name, str(source), "", str(error), needed=True))
            return None

    def _before(self, major: int, minor: int) -> bool:
        return self._project.release.before(major, minor)

    def _lack(self, name: str, unknown: Unknown, *, needed: bool = True) -> None:
        self._missing.append(Missing(name, unknown.place, unknown.text, unknown.why, needed))

    def _show(self, name: str, value: Value) -> None:
        """A value as it stands."""
        if isinstance(value, Unknown):
            self._lack(name, value, needed=False)
        elif isinstance(value.value, Array):
            self._missing.append(Missing(name, str(value.source), "", "it is an array"))
        elif isinstance(value.value, float):
            self._rows.append(Row(name, str(value.value), value.source))
        else:
            self._rows.append(Row(name, value.value, value.source))

    def _connections(self) -> tuple[Connection | None, Connection | None]:
        """The connections behind the drivers ``redis`` and ``database``."""
        driver = self._settings.get("session.driver")
        own = self._settings.get("session.connection")
        own = own if isinstance(own, str) and own else None
        redis = connection(
            self._project, "database.redis", (own if driver == "redis" else None) or "default"
        )
        self._show("redis.client", self._project.get("database.redis.client"))
        for member in ("host", "port", "database"):
            self._show(f"redis.{member}", redis.get(member))
        self._secret("redis.password", redis.get("password"))
        default = self._project.get("database.default")
        chosen: Value = default
        if driver == "database" and own:
            chosen = self._project.get("session.connection")
        self._show("database.connection", chosen)
        if isinstance(chosen, Unknown) or not isinstance(chosen.value, str):
            return redis, None
        database = connection(self._project, "database.connections", chosen.value)
        for member in ("driver", "host", "port", "database"):
            self._show(f"database.{member}", database.get(member))
        self._secret("database.password", database.get("password"))
        return redis, database

    def _secret(self, name: str, value: Value) -> None:
        """Only whether it is set."""
        if isinstance(value, Unknown):
            self._lack(name, value.hidden(), needed=False)
        else:
            shown = "set" if value.value not in (None, "") else "not set"
            self._rows.append(Row(name, shown, value.source))

    def _prefixes(self, redis: Connection | None) -> None:
        """Both prefixes in Redis, and what stands before a session's id there."""
        store = self._settings.get("session.store") or "redis"
        own = [f"cache.stores.{store}.prefix", "cache.prefix"]
        if not self._before(13, 20):
            own.insert(0, "session.prefix")
        cache = self._first(own, truthy=("session.prefix",))
        name = redis.name if redis else "default"
        theirs = [
            f"database.redis.{name}.options.prefix",
            "database.redis.options.prefix",
        ]
        # Laravel 8 lets the options win over the connection, 9 and later the other way round.
        theirs.insert(2 if self._version == 8 else 0, f"database.redis.{name}.prefix")
        client = self._first(theirs, present=self._version == 8)
        self._show("redis.prefix", client)
        self._show("cache.prefix", cache)
        for value in (client, cache):
            if isinstance(value, Unknown):
                needed = self._settings.get("session.driver") == "redis"
                self._lack("redis.session_key_prefix", value, needed=needed)
                return
        assert isinstance(client, Known)
        assert isinstance(cache, Known)
        settings = {"database.redis.options.prefix": client.value, "cache.prefix": cache.value}
        source = joined([client.source, cache.source])
        config = self._effective("redis.session_key_prefix", settings, source)
        if config is not None:
            self._settings |= settings
            self._rows.append(Row("redis.session_key_prefix", config.redis_key_prefix, source))

    def _first(
        self, names: Sequence[str], *, truthy: Sequence[str] = (), present: bool = False
    ) -> Value:
        """The first setting that is not null (of ``truthy`` ones: not empty), else the last."""
        value: Value = self._project.get(names[-1])
        for name in names:
            value = self._project.get(name)
            if isinstance(value, Unknown):
                return value
            there = not value.source.places[0].startswith("not in ") if present else False
            if there or (
                value.value not in (None, "") if name in truthy else value.value is not None
            ):
                return value
        return value

    def _key(self) -> None:
        """The application's keys: whether they fit the cipher, never what they are."""
        project = self._project
        natives: dict[str, Any] = {}
        values = {
            name: project.get(name) for name in ("app.key", "app.previous_keys", "app.cipher")
        }
        for name, value in values.items():
            native = value if isinstance(value, Unknown) else _native(value)
            if isinstance(native, Unknown):
                self._lack(name, native.hidden() if name in _SECRET else native)
            else:
                natives[name] = native
        cipher, key, previous = (values[n] for n in ("app.cipher", "app.key", "app.previous_keys"))
        config = None
        if "app.cipher" in natives and isinstance(cipher, Known):
            config = self._effective(
                "app.cipher", {"app.cipher": natives["app.cipher"]}, cipher.source
            )
        if config is not None and isinstance(cipher, Known):
            self._settings["app.cipher"] = natives["app.cipher"]
            self._rows.append(Row("app.cipher", config.cipher, cipher.source))
        if "app.key" in natives and isinstance(key, Known):
            self._key_row(natives["app.key"], key.source, config.cipher if config else None)
        if "app.previous_keys" in natives and isinstance(previous, Known):
            settings = {"app.previous_keys": natives["app.previous_keys"]}
            counted = self._effective("app.previous_keys", settings, previous.source)
            if counted is not None:
                self._settings |= settings
                number = len(counted.previous_keys)
                self._rows.append(Row("app.previous_keys", number, _of_elements(previous)))

    def _key_row(self, key: Any, source: Source, cipher: str | None) -> None:
        settings = {"app.key": key, **({"app.cipher": cipher} if cipher else {})}
        config = self._effective("app.key", settings, source)
        if config is None:
            return
        self._settings["app.key"] = key
        if not config.key:
            self._rows.append(Row("app.key", "not set", source))
            return
        if cipher is None:
            self._rows.append(Row("app.key", "set", source))
            return
        try:
            config.encrypter()
        except UsageError as error:
            self._missing.append(Missing("app.key", str(source), "", str(error)))
            return
        self._rows.append(Row("app.key", f"valid, {KEY_BYTES[cipher]} bytes", source))


def _native(value: Known) -> Any:
    """A value for ``laravel/config.py``: lists and dicts for arrays; Unknown if a part of it is."""
    if not isinstance(value.value, Array):
        return value.value
    if value.value.rest:
        return value.value.rest
    natives: dict[Any, Any] = {}
    for name, element in value.value.items.items():
        native = element if isinstance(element, Unknown) else element.value
        if isinstance(native, Unknown):
            return native
        natives[name] = native
    return list(natives.values()) if list(natives) == list(range(len(natives))) else natives


def _of_elements(value: Known) -> Source:
    """Where a list came from: its elements, where they have a better answer than itself."""
    if not isinstance(value.value, Array) or not value.value.items:
        return value.source
    return joined(e.source for e in value.value.items.values() if isinstance(e, Known))
