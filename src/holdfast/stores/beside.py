"""Everything that Holdfast keeps next to Laravel's sessions, and how much of it.

===========  =======================================================  =============================
writes       the ids of a session's last writes, so that one whose    the last ``WRITES``, for
             answer was lost is not written twice                     ``WRITE_SECONDS``
gone         that an id was ended, so that nothing is created under   as long as the caller says
             it
moved        where the session of a replaced id is now, and who may   as long as the caller says
             know
quarantine   bytes that were no session, with the reason              ``ASIDE_SECONDS``,
                                                                      ``ASIDE_ENTRIES``,
                                                                      ``ASIDE_BYTES`` each
===========  =======================================================  =============================

In Redis these are keys of their own that begin with the sessions' prefix (an ACL on it allows them)
and lie in the session's slot; in a database the tables ``holdfast_*``; beside session files a
directory ``.holdfast``, which Laravel's clean-up passes over. Nothing is ever put into a payload.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

from holdfast.core.flow import Effect
from holdfast.stores.contract import Commit, Delete, Move

Kind = Literal["writes", "gone", "moved", "aside"]

WRITES = 16
WRITE_SECONDS = 300
"""Longer than any request that still tries to write."""

ASIDE_SECONDS = 14 * 86_400
ASIDE_ENTRIES = 1000
ASIDE_BYTES = 1024 * 1024
"""Of one entry; a larger one is not kept."""

SWEEP_EVERY = 200
"""Writes between two sweeps of a database or a directory; opening one sweeps too."""


class Turns:
    """When what is over is swept, where no server does it: after so many writes."""

    def __init__(self) -> None:
        self._writes = itertools.count(1)

    def due(self, operation: Effect[Any]) -> bool:
        """Whether to sweep now that an operation was performed."""
        writes = isinstance(operation, Commit | Move | Delete)
        return writes and next(self._writes) % SWEEP_EVERY == 0


@dataclass(frozen=True, slots=True)
class Aside:
    """A quarantined value.

    Args:
        sid: whose it was.
        data: the bytes.
        reason: which layer failed.
        at: when they were set aside, epoch seconds.
    """

    sid: str
    data: bytes
    reason: str
    at: int


def redis_key(prefix: str, sid: str, kind: Kind) -> str:
    """The key of what is kept for one session.

    Args:
        prefix: what stands before the session's id in its own key. A hash tag in it puts all
            sessions into one slot, and is left to do so.
        sid: the session's id.
        kind: what is kept.
    """
    session = f"{prefix}{sid}"
    tagged = session if _has_tag(prefix) else f"{{{session}}}"
    return f"{prefix}holdfast:{tagged}:{kind}"


def _has_tag(prefix: str) -> bool:
    """Whether Redis Cluster hashes a part of the prefix alone: what stands in its first braces."""
    _, opened, rest = prefix.partition("{")
    return bool(opened) and rest.find("}") > 0
