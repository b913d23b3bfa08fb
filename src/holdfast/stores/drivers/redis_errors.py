"""What an error of redis-py means: one of ours, or an answer that was lost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redis import exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry

from holdfast.core.errors import StoreMisconfigured, StoreReadOnly, StoreUnavailable
from holdfast.stores.redis import RedisStore

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 5.0
POOL_SECONDS = 5.0
"""How long an effect waits for a connection when all are in use."""

CONNECTIONS = 16
"""The most connections of one opened store; more would only queue in the server."""


class AnswerLost(Exception):  # noqa: N818 - internal; becomes a result or a StoreUnavailable
    """The request may have been sent; its answer did not come."""


def settings(store: RedisStore) -> dict[str, Any]:
    """Arguments of redis-py's Connection; its own retries are off, they would write twice."""
    return {
        "host": store.host,
        "port": store.port,
        "db": store.database,
        "username": store.username,
        "password": store.password,
        "protocol": 2,
        "retry": Retry(NoBackoff(), 0),
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
    }


@contextmanager
def mapped(where: str, *, sent: bool) -> Iterator[None]:
    """Turn every error of redis-py into one of ours, except NOSCRIPT, which the driver answers.

    Args:
        where: the server's address, for people.
        sent: whether part of a request may have left already.

    Raises:
        AnswerLost: ``sent``, and the connection failed.
    """
    try:
        yield
    except exceptions.NoScriptError:
        raise
    except (exceptions.RedisError, OSError) as error:
        raise _translate(error, where, sent=sent) from error


def _translate(error: Exception, where: str, *, sent: bool) -> Exception:
    text = str(error)
    code = text.split(" ", 1)[0]
    match error:
        case exceptions.AuthenticationError() | exceptions.AuthorizationError():
            return StoreMisconfigured(
                f"{where} refuses the user name or password",
                hint="check both in the store's URL; the server's ACL LIST names its users",
            )
        case exceptions.BusyLoadingError():
            return StoreUnavailable(
                f"{where} is still loading its data", hint="wait until it has started"
            )
        case exceptions.NoPermissionError():
            return StoreMisconfigured(
                f"{where} does not permit a command to this user",
                hint="allow GET, SET, PTTL, EXPIREAT, DEL, SCAN, GETRANGE, TIME, EVAL, EVALSHA",
            )
        case exceptions.ReadOnlyError():
            return StoreReadOnly(
                f"{where} is a read-only replica", hint="use the address of the primary"
            )
        case exceptions.OutOfMemoryError():
            return StoreReadOnly(
                f"{where} has no memory left", hint="raise its maxmemory or let it evict keys"
            )
        case exceptions.ResponseError() if code in ("MISCONF", "NOREPLICAS"):
            return StoreReadOnly(
                f"{where} takes no writes at present: {code}",
                hint="its disk is full or its replicas are missing; read the server's log",
            )
        case exceptions.ResponseError() if code == "WRONGTYPE":
            return StoreMisconfigured(
                f"{where} holds something else than a string where a session should be",
                hint="the prefix is another application's; compare it with Laravel's configuration",
            )
        case exceptions.MovedError() | exceptions.AskError():
            return StoreMisconfigured(
                f"{where} is a node of a Redis Cluster, which is not supported yet",
                hint="use a Redis that holds all keys",
            )
        case exceptions.ResponseError() if code in (
            "BUSY",
            "MASTERDOWN",
            "CLUSTERDOWN",
            "TRYAGAIN",
        ):
            return StoreUnavailable(f"{where} cannot answer now: {code}", hint="try again")
        case exceptions.ResponseError() if text.startswith("DB index"):
            return StoreMisconfigured(
                f"{where}: the server has no database of this number",
                hint="use a smaller number, or raise `databases` in its configuration",
            )
        case exceptions.ResponseError():
            return StoreMisconfigured(
                f"{where} refused a command: {code}",
                hint="Redis 3.2 or newer with Lua scripts is needed; --debug shows its answer",
            )
    if sent:
        timeout = isinstance(error, exceptions.TimeoutError)
        return AnswerLost(
            f"no answer within {ANSWER_SECONDS:g} s"
            if timeout
            else "the connection broke before the answer came"
        )
    return unavailable(where, "it cannot be reached")


def unavailable(where: str, why: str) -> StoreUnavailable:
    """The error for a server that does not answer."""
    return StoreUnavailable(
        f"{where}: {why}", hint="is the server running, and are host and port right?"
    )
