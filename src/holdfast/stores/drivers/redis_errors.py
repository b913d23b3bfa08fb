"""What an error of redis-py means: one of ours, or an answer that was lost."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from holdfast.core.errors import StoreError, StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.stores.redis import RedisStore

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 5.0
POOL_SECONDS = 5.0
"""How long an effect waits for a connection when all are in use."""

CONNECTIONS = 16
"""The most connections of one opened store for writes above ``fast``, and as many for all else;
more would only queue in the server."""

SENTINEL_SECONDS = 1.0
"""How long one Sentinel may take; then the next one is asked."""

Address = tuple[str, int]


class AnswerLost(Exception):  # noqa: N818 - internal; becomes a result or a StoreUnavailable
    """The request may have been sent; its answer did not come."""


def settings(store: RedisStore, at: Address | None = None) -> dict[str, Any]:
    """Arguments of redis-py's Connection; its own retries are off, they would write twice.

    Args:
        store: what to log in with.
        at: the node; default: the store's own host and port.
    """
    host, port = at or (store.host, store.port)
    return {
        "host": host,
        "port": port,
        "db": store.database,
        "username": store.username,
        "password": store.password,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
    }


def sentinel_settings(store: RedisStore) -> dict[str, Any]:
    """Arguments of redis-py's clients of Sentinels."""
    seconds = {"socket_connect_timeout": SENTINEL_SECONDS, "socket_timeout": SENTINEL_SECONDS}
    return {"protocol": 2, "retry": Retry(NoBackoff(), 0), **seconds}


@contextmanager
def finding(store: RedisStore) -> Iterator[None]:
    """Turn every error of redis-py's Sentinel into one of ours."""
    try:
        yield
    except (exceptions.RedisError, OSError) as error:
        raise StoreUnavailable(
            f"{store.where}: no Sentinel names a primary that is up",
            hint="are the Sentinels running, do they watch a primary of this name, "
            "and is a failover under way?",
        ) from error


@contextmanager
def unanswered(store: RedisStore) -> Iterator[None]:
    """A lost answer that leaves nothing open is a server that does not answer."""
    try:
        yield
    except AnswerLost as lost:
        raise unavailable(store.where, str(lost)) from lost


@contextmanager
def mapped(where: str, *, sent: bool) -> Iterator[None]:
    """Turn every error of redis-py into one of ours.

    Args:
        where: the server's address, for people.
        sent: whether part of a request may have left already.

    Raises:
        AnswerLost: ``sent``, and the connection failed.
    """
    try:
        yield
    except (exceptions.RedisError, OSError) as error:
        raise _translate(error, where, sent=sent) from error


@dataclass(frozen=True, slots=True)
class _Meaning:
    kind: type[StoreError]
    message: str
    hint: str


_PASSWORD = _Meaning(
    StoreMisconfigured,
    "refuses the user name or password",
    "check both in the store's URL; the server's ACL LIST names its users",
)
_CLUSTER = _Meaning(
    StoreMisconfigured,
    "is a node of a Redis Cluster, which is not supported yet",
    "use a Redis that holds all keys",
)
_REPLICA = _Meaning(StoreReadOnly, "is a read-only replica", "use the address of the primary")
_BUSY = _Meaning(StoreUnavailable, "cannot answer at present", "try again in a moment")
_NO_WRITES = _Meaning(
    StoreReadOnly,
    "takes no writes at present",
    "its disk is full or its replicas are missing; read the server's log",
)

_BY_CLASS: tuple[tuple[type[Exception], _Meaning], ...] = (
    (exceptions.AuthenticationError, _PASSWORD),
    (exceptions.AuthorizationError, _PASSWORD),
    (
        exceptions.BusyLoadingError,
        _Meaning(StoreUnavailable, "is still loading its data", "wait until it has started"),
    ),
    (
        exceptions.NoPermissionError,
        _Meaning(
            StoreMisconfigured,
            "does not permit a command to this user",
            "docs/stores.md lists what it needs",
        ),
    ),
    (exceptions.ReadOnlyError, _REPLICA),
    (
        exceptions.OutOfMemoryError,
        _Meaning(StoreReadOnly, "has no memory left", "raise its maxmemory or let it evict keys"),
    ),
    (exceptions.TryAgainError, _BUSY),
    (exceptions.ClusterDownError, _BUSY),
    (exceptions.AskError, _CLUSTER),
)

_BY_CODE = {
    "MISCONF": _NO_WRITES,
    "NOREPLICAS": _NO_WRITES,
    "BUSY": _BUSY,
    "WRONGTYPE": _Meaning(
        StoreMisconfigured,
        "holds something else than a string where a session should be",
        "the prefix is another application's; compare it with Laravel's configuration",
    ),
    "DB": _Meaning(
        StoreMisconfigured,
        "has no database of this number",
        "use a smaller number, or raise `databases` in its configuration",
    ),
}

_OTHER = _Meaning(
    StoreMisconfigured,
    "refused a command",
    "Redis 3.2 or newer with Lua scripts is needed; --debug shows its answer",
)


def _translate(error: Exception, where: str, *, sent: bool) -> Exception:
    # Some replies are connection errors to redis-py (NOAUTH, LOADING); nothing was run, though.
    if meaning := _meaning(error):
        return _meant(meaning, where)
    if sent and isinstance(error, exceptions.TimeoutError):
        return AnswerLost(f"no answer within {ANSWER_SECONDS:g} s")
    if sent:
        return AnswerLost("the connection broke before the answer came")
    if isinstance(error.__context__, ssl.SSLCertVerificationError):
        return StoreMisconfigured(
            f"{where} shows a certificate that this machine does not trust",
            hint="let SSL_CERT_FILE name the authority that signed it, and use the name in it",
        )
    return unavailable(where, "it cannot be reached")


def is_reply(error: Exception) -> bool:
    """Whether an error of redis-py is what the server answered."""
    return _meaning(error) is not None


def refused(reply: Exception, where: str) -> StoreError:
    """The error for a reply that is one."""
    error = _meant(_meaning(reply) or _OTHER, where)
    error.__cause__ = reply
    return error


def replica(where: str) -> StoreError:
    """The error for a write to a node that is not the primary."""
    return _meant(_REPLICA, where)


def _meant(meaning: _Meaning, where: str) -> StoreError:
    return meaning.kind(f"{where} {meaning.message}", hint=meaning.hint)


def _meaning(error: Exception) -> _Meaning | None:
    """What a reply says; None for an error that is no reply."""
    for kind, meaning in _BY_CLASS:
        if isinstance(error, kind):
            return meaning
    if isinstance(error, exceptions.ResponseError):
        return _BY_CODE.get(str(error).split(" ", 1)[0], _OTHER)
    return None


def unavailable(where: str, why: str) -> StoreUnavailable:
    """The error for a server that does not answer."""
    return StoreUnavailable(
        f"{where}: {why}", hint="is the server running, and are host and port right?"
    )
