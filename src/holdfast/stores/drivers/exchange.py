"""An effect on a database server: what is sent when, and never a write twice.

Written once as a flow that asks for one statement at a time; the pools perform it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.core.errors import StoreError, StoreMisconfigured, StoreUnavailable
from holdfast.core.flow import Effect, Flow, do
from holdfast.stores.contract import Unknown, remembers
from holdfast.stores.database import DatabaseStore, keeps_beside
from holdfast.stores.sql.place import Tables
from holdfast.stores.sql.statements import Reply, Statement

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 5.0
"""How long an answer may take; longer than a statement may wait for a lock in the server, so that
a wait for a lock ends with an answer."""

ATTEMPTS = 5
"""How often a statement is sent that the server rolled back each time."""


class AnswerLost(Exception):  # noqa: N818 - internal; becomes a result or a StoreUnavailable
    """The statement may have been sent; its answer did not come."""


class RolledBack(Exception):  # noqa: N818 - internal; the statement is sent again
    """The server undid the statement for another transaction's sake: a deadlock, as a rule.

    Nothing was written, and the connection can be used on.
    """


@dataclass(frozen=True, slots=True)
class Ask(Effect[Reply]):
    """Send one statement, on any connection."""

    statement: Statement


def performing(store: Tables, operation: Effect[Any]) -> Flow[Any]:
    """Perform an operation of a store."""
    if refused := store.refusal(operation):
        return refused
    replies: list[Reply] = []
    for statement in store.plan(operation).statements:
        try:
            reply = yield from asking(store, statement)
        except AnswerLost as lost:
            known = keeps_beside(store) and remembers(operation)
            return Unknown(str(lost), remembered=known)
        replies.append(reply)
        if reply.wrote:
            break
    return store.parse(operation, replies)


def checking(store: Tables) -> Flow[None]:
    """Raise unless the table is there with Laravel's columns, and what should be beside it."""
    yield from asking(store, store.probe())
    if keeps_beside(store):
        try:
            yield from asking(store, store.dialect.probe_beside())
        except StoreMisconfigured as error:
            raise store.without_beside(error) from error
        yield from sweeping(store)


def executing(store: Tables, statements: Sequence[Statement]) -> Flow[None]:
    """Send statements one after the other, for their effect."""
    for statement in statements:
        yield from asking(store, statement)


def sweeping(store: DatabaseStore) -> Flow[None]:
    """Remove what is over beside the sessions; nobody waits for it in vain."""
    with contextlib.suppress(StoreError):
        yield from asking(store, store.sweep())


def asking(store: Tables, statement: Statement) -> Flow[Reply]:
    """Send a statement, again where that cannot do it twice.

    Raises:
        AnswerLost: it writes, and the answer was lost.
        StoreError: as the driver says.
    """
    lost = False
    for _ in range(ATTEMPTS):
        try:
            return (yield from do(Ask(statement)))
        except RolledBack:
            continue
        except AnswerLost as error:
            if statement.writes:
                raise
            if lost:
                raise unavailable(store.where, str(error)) from error
            lost = True
    raise StoreUnavailable(
        f"{store.where}: rolled back {ATTEMPTS} times for other transactions; nothing was written",
        hint="the same rows are written by others all the time; read the server's log",
    )


def unavailable(where: str, why: str) -> StoreUnavailable:
    """The error for a server that does not answer."""
    return StoreUnavailable(
        f"{where}: {why}", hint="is the server running, and are host and port right?"
    )
