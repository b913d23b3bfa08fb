"""A mapping of Laravel's settings in, the effective session configuration out.

The settings are Laravel's own, by their dotted names (``session.driver``, ``app.key``, ...), as
``config()`` in a running application would answer; None is PHP's null. Where they come from, an
environment, a project's PHP files, is for others. What is missing takes the value of the skeleton
of the given version; what is given counts in every version, because an application that was
upgraded keeps its old files.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from holdfast.core.errors import UsageError
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.env import env_value
from holdfast.laravel.keys import KEY_BYTES
from holdfast.laravel.names import (
    Version,
    cache_prefix,
    redis_prefix,
    session_cookie,
    session_key_prefix,
)
from holdfast.laravel.payload import Serialization

SameSite = Literal["lax", "strict", "none"]

DRIVERS = ("array", "cookie", "file", "database", "redis", "memcached", "dynamodb", "apc", "null")
VERSIONS: tuple[Version, ...] = (8, 9, 10, 11, 12, 13)


class Secret:
    """Text that is shown as ``***`` wherever it is printed; ``reveal()`` gives it.

    No dataclass: those are taken apart by whoever turns one into JSON.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str = "") -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True)
class BlockSettings:
    """Laravel's session locks (``session.block``), off in every skeleton.

    Args:
        enabled: on every route.
        store: the cache store that keeps the locks; None: the default one.
        lock_seconds, wait_seconds: configurable from 10.30 on, 10 before.
    """

    enabled: bool = False
    store: str | None = None
    lock_seconds: int = 10
    wait_seconds: int = 10


@dataclass(frozen=True, slots=True)
class SessionConfig:
    """What an application does with its sessions; all values are effective.

    Args:
        version: of the skeleton, and of RedisStore's rule for the colon.
        driver: ``session.driver``; ``null`` is none at all.
        lifetime: seconds.
        expire_on_close: the cookie ends with the browser.
        encrypt, serialization: of the payload.
        files: directory of the file driver, as configured; None where the application's storage
            directory would have to be known.
        connection: ``session.connection``; None is the default one (Redis: ``default``, which is
            database 0, and not ``cache``).
        table: of the database driver.
        store: ``session.store``, the cache store behind redis, memcached, dynamodb.
        lottery: chances of garbage collection in a request.
        cookie, path, domain, secure, http_only, same_site, partitioned: of the session cookie;
            ``secure`` None: on HTTPS only (from 11 on).
        block: session locks.
        redis_key_prefix: what stands before a session id in Redis: the prefix of the connection
            and that of the cache store (Illuminate/Redis/Connectors/PhpRedisConnector.php,
            Illuminate/Cache/CacheManager.php).
        cipher, key, previous_keys: of the encrypter; ``key`` empty where none is set.
    """

    version: Version
    driver: str
    lifetime: int
    expire_on_close: bool
    encrypt: bool
    serialization: Serialization
    files: str | None
    connection: str | None
    table: str
    store: str | None
    lottery: tuple[int, int]
    cookie: str
    path: str
    domain: str | None
    secure: bool | None
    http_only: bool
    same_site: SameSite | None
    partitioned: bool
    block: BlockSettings
    redis_key_prefix: str
    cipher: str
    key: Secret = field(default_factory=Secret)
    previous_keys: tuple[Secret, ...] = ()

    def encrypter(self) -> Encrypter:
        """The application's encrypter.

        Raises:
            UsageError: no key is set, or a key does not fit the cipher.
        """
        if not self.key:
            raise UsageError("the application has no key", hint="set APP_KEY (app.key)")
        previous = [secret.reveal() for secret in self.previous_keys]
        return Encrypter.from_app_key(self.key.reveal(), self.cipher, previous)


def effective(settings: Mapping[str, Any], version: Version = 12) -> SessionConfig:
    """The effective configuration; settings that have nothing to do with sessions are ignored.

    Args:
        settings: dotted names to values; numbers and booleans may be text, as ``env()`` gives them.
        version: which skeleton's defaults hold where a setting is missing.

    Raises:
        UsageError: a value cannot be; the message names the setting and shows no secret.
    """
    if version not in VERSIONS:
        raise UsageError(f"no Laravel {version} is known", hint="8 to 13")
    read = _Settings(settings)
    app_name = read.text("app.name", "Laravel")
    driver = read.driver("file" if version <= 10 else "database")
    same_site = read.optional("session.same_site", "lax")
    secure = None if settings.get("session.secure") is None else read.flag("session.secure")
    return SessionConfig(
        version=version,
        driver=driver,
        lifetime=60 * read.number("session.lifetime", 120, least=1),
        expire_on_close=read.flag("session.expire_on_close"),
        encrypt=read.flag("session.encrypt"),
        serialization=read.serialization(),
        files=read.optional("session.files"),
        connection=read.optional("session.connection"),
        table=(read.name if driver == "database" else read.text)("session.table", "sessions"),
        store=read.optional("session.store"),
        lottery=read.pair("session.lottery", (2, 100)),
        cookie=read.name("session.cookie", session_cookie(app_name, version)),
        path=read.optional("session.path") or "/",
        domain=read.optional("session.domain"),
        secure=False if secure is None and version <= 10 else secure,
        http_only=settings.get("session.http_only") is None or read.flag("session.http_only"),
        same_site=None
        if same_site is None
        else cast(SameSite, read.choice("session.same_site", "lax", ("lax", "strict", "none"))),
        partitioned=read.flag("session.partitioned"),
        block=BlockSettings(
            enabled=read.flag("session.block"),
            store=read.optional("session.block_store"),
            lock_seconds=read.number("session.block_lock_seconds", 10),
            wait_seconds=read.number("session.block_wait_seconds", 10),
        ),
        redis_key_prefix=_redis_key_prefix(read, app_name, version),
        cipher=read.choice("app.cipher", "aes-256-cbc", tuple(KEY_BYTES)),
        key=Secret(read.text("app.key", "")),
        previous_keys=tuple(Secret(key) for key in read.words("app.previous_keys") if key),
    )


def _redis_key_prefix(read: _Settings, app_name: str, version: Version) -> str:
    store = read.optional("session.store") or "redis"
    connection = "database.redis." + (read.optional("session.connection") or "default")
    cache = read.optional("session.prefix")  # 13.20
    if cache is None:
        cache = read.given(f"cache.stores.{store}.prefix")
    if cache is None:
        cache = read.text("cache.prefix", cache_prefix(app_name, version))
    redis = read.given(f"{connection}.prefix")  # 9
    if redis is None:
        redis = read.given(f"{connection}.options.prefix")
    if redis is None:
        redis = read.text("database.redis.options.prefix", redis_prefix(app_name, version))
    return session_key_prefix(redis, cache, version)


ENVIRONMENT = {
    "APP_NAME": ("app.name", 8),
    "APP_KEY": ("app.key", 8),
    "APP_PREVIOUS_KEYS": ("app.previous_keys", 11),
    "SESSION_DRIVER": ("session.driver", 8),
    "SESSION_LIFETIME": ("session.lifetime", 8),
    "SESSION_EXPIRE_ON_CLOSE": ("session.expire_on_close", 11),
    "SESSION_ENCRYPT": ("session.encrypt", 11),
    "SESSION_CONNECTION": ("session.connection", 8),
    "SESSION_TABLE": ("session.table", 11),
    "SESSION_STORE": ("session.store", 8),
    "SESSION_COOKIE": ("session.cookie", 8),
    "SESSION_PATH": ("session.path", 11),
    "SESSION_DOMAIN": ("session.domain", 8),
    "SESSION_SECURE_COOKIE": ("session.secure", 8),
    "SESSION_HTTP_ONLY": ("session.http_only", 11),
    "SESSION_SAME_SITE": ("session.same_site", 11),
    "SESSION_PARTITIONED_COOKIE": ("session.partitioned", 11),
    "REDIS_PREFIX": ("database.redis.options.prefix", 8),
    "CACHE_PREFIX": ("cache.prefix", 8),
}
"""The variables that the skeletons' files read, and the first version whose skeleton does."""


def from_env(env: Mapping[str, str], version: Version = 12) -> dict[str, Any]:
    """The settings that a skeleton's ``env()`` calls make of an environment.

    ``true``, ``false``, ``null``, ``empty``, also in parentheses, become values, and quotes around
    a text are taken off (Illuminate/Support/Env.php). ``null`` stays, as None: a variable that is
    set keeps the skeleton's default away. A variable that the version's skeleton does not read is
    ignored, as Laravel ignores it.
    """
    return {
        name: env_value(env[variable])
        for variable, (name, since) in ENVIRONMENT.items()
        if variable in env and version >= since
    }


class _Settings:
    """Reads one setting at a time, as PHP would use it."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._settings = settings

    def given(self, name: str) -> str | None:
        """A text, None where there is none."""
        return None if self._settings.get(name) is None else self.text(name, "")

    def optional(self, name: str, default: str | None = None) -> str | None:
        """A text, None where it is null or empty."""
        return self.text(name, default or "") or None

    def text(self, name: str, default: str) -> str:
        """A text; null is the empty one."""
        value = self._settings.get(name, default)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._wrong(name, "text")
        return value

    def name(self, name: str, default: str) -> str:
        """A text that is not empty."""
        value = self.text(name, default)
        if not value:
            raise self._wrong(name, "a name")
        return value

    def number(self, name: str, default: int, least: int = 0) -> int:
        """A whole number or its digits."""
        value = self._settings.get(name, default)
        if isinstance(value, str) and re.fullmatch("[0-9]{1,9}", value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self._wrong(name, f"a whole number from {least} on")
        return value

    def flag(self, name: str) -> bool:
        """PHP's truth of a boolean, a number or a text; false where it is missing."""
        value = self._settings.get(name)
        if isinstance(value, str):
            return value not in ("", "0")
        if not isinstance(value, bool | int | None):
            raise self._wrong(name, "true or false")
        return bool(value)

    def choice(self, name: str, default: str, known: Sequence[str]) -> str:
        """One of several words, in any case."""
        value = self.text(name, default).lower()
        if value not in known:
            raise self._wrong(name, f"one of {', '.join(known)}")
        return value

    def driver(self, default: str) -> str:
        """The driver of the sessions; null is one too, it has none."""
        value = self._settings.get("session.driver", default)
        if value is None:
            return "null"
        if value == "native":
            return "file"
        return self.choice("session.driver", default, DRIVERS)

    def serialization(self) -> Serialization:
        """What Laravel compares by letter: it takes ``JSON`` for php, we refuse it."""
        match self._settings.get("session.serialization"):
            case None | "php":
                return "php"
            case "json":
                return "json"
        raise self._wrong("session.serialization", "php or json")

    def pair(self, name: str, default: tuple[int, int]) -> tuple[int, int]:
        """A list of two numbers."""
        match self._settings.get(name, default):
            case [int(chances), int(out_of)] if chances >= 0 and out_of > 0:
                return chances, out_of
        raise self._wrong(name, "two whole numbers")

    def words(self, name: str) -> list[str]:
        """A list, or text with commas: split as PHP's ``explode``, nothing is trimmed."""
        value = self._settings.get(name)
        if value is None:
            return []
        if isinstance(value, str):
            return value.split(",")
        if isinstance(value, Mapping):
            # array_filter leaves gaps, and JSON then makes an object of the list.
            value = list(value.values())
        if not isinstance(value, Sequence) or not all(isinstance(word, str) for word in value):
            raise self._wrong(name, "a list of texts")
        return list(value)

    def _wrong(self, name: str, expected: str) -> UsageError:
        variables = [variable for variable, (known, _) in ENVIRONMENT.items() if known == name]
        where = f"; in the environment it is {variables[0]}" if variables else ""
        return UsageError(f"the setting {name} is not {expected}", hint=f"correct {name}{where}")
