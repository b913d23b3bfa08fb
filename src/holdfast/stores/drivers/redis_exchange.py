"""Operations on Redis: what is sent when, on which connection, and never a write twice.

Written once as flows; the pools perform them, for threads and for tasks. Operations that are
performed together share a pipeline, and above ``fast`` a WAIT; each has a result of its own, which
is an error of ours where the server refused just that one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.exceptions import NoScriptError

from holdfast.core.errors import StoreError, StoreReadOnly, StoreUnavailable
from holdfast.core.flow import Effect, Flow, do
from holdfast.stores.contract import Refused, Unknown, remembers
from holdfast.stores.drivers.redis_errors import AnswerLost, refused, replica, unavailable
from holdfast.stores.redis import RedisStore
from holdfast.stores.redis_levels import (
    ROLE,
    is_primary,
    judged,
    level_of,
    needed,
    shortage,
    wait,
)
from holdfast.stores.redis_request import Operations, Request

Command = tuple[bytes, ...]


class WriteLost(AnswerLost):
    """What was lost is the answer to a write."""


@dataclass(frozen=True, slots=True)
class Exchange(Effect[list[Any]]):
    """Perform operations of one level on one connection, see :func:`exchanging`."""

    operations: Sequence[Effect[Any]]


@dataclass(frozen=True, slots=True)
class Rediscover(Effect[None]):
    """Ask the Sentinels anew which node is primary."""


@dataclass(frozen=True, slots=True)
class Send(Effect[list[Any]]):
    """Send commands in one go on the connection of this exchange; the replies, in their order.

    A reply that is an error is a value here.
    """

    commands: Sequence[Command]


def performing(store: RedisStore, operations: Sequence[Effect[Any]]) -> Flow[list[Any]]:
    """Perform operations of one level; their results.

    Raises:
        StoreError: none of them was performed.
    """
    results = yield from _exchanged(store, operations)
    # What a node refused is not written: it may no longer be the primary, or be cut off.
    turned_away = [i for i, r in enumerate(results) if isinstance(r, Refused | StoreReadOnly)]
    if store.sentinels and turned_away:
        yield from do(Rediscover())
        anew = yield from _exchanged(store, [operations[i] for i in turned_away])
        for i, result in zip(turned_away, anew, strict=True):
            results[i] = result
    return results


def exchanging(
    store: RedisStore, known: Operations, operations: Sequence[Effect[Any]]
) -> Flow[list[Any]]:
    """Perform operations of one level on the connection that answers ``Send``; their results.

    Args:
        store: the server.
        known: what the operations are to it: those of sessions, or of locks.
        operations: at least one.

    Raises:
        WriteLost: some of them, or all, may have been performed.
        AnswerLost, StoreError: none of them was performed.
    """
    level = level_of(operations[0])
    need = needed(level, store.replicas)
    if need:
        role = yield from asking(store, ROLE)
        if not is_primary(role):
            return [replica(store.where) for _ in operations]
        if short := shortage(store.where, level, need, role):
            return [short for _ in operations]
    requests = [known.plan(operation) for operation in operations]
    replies, reached = yield from _pipelined(requests, need)
    return [
        refused(reply, store.where)
        if isinstance(reply, Exception)
        else judged(store.where, operation, known.parse(operation, reply), need, reached)
        for operation, reply in zip(operations, replies, strict=True)
    ]


def asking(store: RedisStore, request: Request) -> Flow[Any]:
    """The reply to one request; raises what it refuses."""
    [reply] = yield from _sent([request.command], writes=request.writes)
    if isinstance(reply, Exception):
        raise refused(reply, store.where) from reply
    return reply


def verifying(store: RedisStore) -> Flow[None]:
    """Raise unless the node that the Sentinels named calls itself primary."""
    if not is_primary((yield from asking(store, ROLE))):
        raise StoreUnavailable(
            f"{store.where}: the node that is named as the primary is none",
            hint="a failover is under way, or the Sentinels do not agree; try again in a moment",
        )


def _exchanged(store: RedisStore, operations: Sequence[Effect[Any]]) -> Flow[list[Any]]:
    """One exchange, and another one where the first certainly wrote nothing."""
    for last in (False, True):
        try:
            return (yield from do(Exchange(operations)))
        except WriteLost as lost:
            return [Unknown(str(lost), remembered=remembers(o)) for o in operations]
        except AnswerLost as lost:
            if last:
                raise unavailable(store.where, str(lost)) from lost
    raise AssertionError


def _pipelined(requests: Sequence[Request], need: int) -> Flow[tuple[list[Any], int]]:
    """The replies to requests, and how many replicas have what they wrote, of so many wanted."""
    waiting = [wait(need).command] if need else []
    writes = any(request.writes for request in requests)
    replies = yield from _sent([*(r.command for r in requests), *waiting], writes=writes)
    forgotten = [i for i, reply in enumerate(replies) if isinstance(reply, NoScriptError)]
    if forgotten:
        commands = [requests[i].command_with_source for i in forgotten]
        anew = yield from _sent([*commands, *waiting], writes=writes)
        for i, reply in zip(forgotten, anew, strict=False):
            replies[i] = reply
        # It counts for all that was written on this connection.
        replies[len(requests) :] = anew[len(forgotten) :]
    reached = replies.pop() if need else 0
    # An error: the node was demoted while it waited.
    return replies, reached if isinstance(reached, int) else 0


def _sent(commands: Sequence[Command], *, writes: bool) -> Flow[list[Any]]:
    try:
        return (yield from do(Send(commands)))
    except AnswerLost as lost:
        if writes:
            raise WriteLost(str(lost)) from lost
        raise


def result_of(results: Sequence[Any]) -> Any:
    """The only result; raises it where it is an error."""
    [result] = results
    if isinstance(result, StoreError):
        raise result
    return result
