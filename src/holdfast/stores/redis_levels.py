"""What a write above ``fast`` takes on Redis: replicas that are there before it, and have it after.

``ROLE`` tells how many are connected; with too few nothing is sent. ``WAIT`` follows the writes in
one pipeline on one connection: it counts the replicas that have all that this connection has
written. A count that falls short is no failure of the write: it stands on the primary, and may or
may not be lost with it.
"""

from __future__ import annotations

from typing import Any

from holdfast.core.flow import Effect
from holdfast.stores.contract import (
    Commit,
    Delete,
    Deleted,
    Elsewhere,
    Level,
    Missing,
    Move,
    Refused,
    Saved,
    Unknown,
    remembers,
)
from holdfast.stores.redis_request import Request

ROLE = Request((b"ROLE",))

WAIT_MS = 1000
"""A replica that is well has a write within a few of them."""


def level_of(operation: Effect[Any]) -> Level:
    """The level of an operation; what has none is ``fast``."""
    return operation.level if isinstance(operation, Commit | Move | Delete) else "fast"


def needed(level: Level, replicas: int) -> int:
    """How many replicas must have a write, of so many configured ones."""
    return {"fast": 0, "replicated": 1, "strict": replicas}[level]


def wait(count: int) -> Request:
    """Wait until so many replicas have what this connection has written."""
    return Request((b"WAIT", b"%d" % count, b"%d" % WAIT_MS))


def is_primary(role: Any) -> bool:
    """Whether a node calls itself primary, from its answer to ROLE."""
    return bool(role[0] == b"master")


def shortage(where: str, level: Level, need: int, role: Any) -> Refused | None:
    """Why a primary cannot hold a level now, from its answer to ROLE; None: it can."""
    connected = len(role[2])
    if connected >= need:
        return None
    return Refused(f"{where} has {connected} of the {need} connected replicas that {level} needs")


def judged(where: str, operation: Effect[Any], result: Any, need: int, reached: int) -> Any:
    """A result when ``reached`` replicas have it: what was written and is on too few is Unknown."""
    # A Missing too: the session may have been deleted a moment ago, by this very operation.
    if reached >= need or not isinstance(result, Saved | Deleted | Missing | Elsewhere):
        return result
    return Unknown(
        f"written to {where}, but only {reached} of {need} replicas had it after {WAIT_MS} ms",
        remembered=remembers(operation),
    )
