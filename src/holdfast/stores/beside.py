"""Everything that Holdfast keeps next to Laravel's sessions, and how much of it.

===========  =======================================================  =============================
writes       the ids of a session's last writes, so that one whose    the last ``WRITES``, for
             answer was lost is not written twice                     ``WRITE_SECONDS``
gone         that an id was ended, so that nothing is created under   as long as the caller says
             it; where its session has moved, for deletes
moved        where the session of a replaced id is now, and who may   as long as the caller says
             know
waited       nothing: it is written for a WAIT to count, in Redis       a millisecond
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
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from holdfast.core.errors import UsageError
from holdfast.core.flow import Effect
from holdfast.stores.contract import Commit, Delete, Move

Kind = Literal["writes", "gone", "moved", "aside", "waited"]

WRITES = 16
WRITE_SECONDS = 300
"""Longer than any request that still tries to write."""

ASIDE_SECONDS = 14 * 86_400
ASIDE_ENTRIES = 1000
ASIDE_BYTES = 1024 * 1024
"""Of one entry; a larger one is not kept."""

PAGE_ENTRIES = 100
"""Of one page of the quarantine, at most; so many MiB in the worst case."""

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

    sid: str = field(repr=False)
    data: bytes = field(repr=False)
    reason: str
    at: int


@dataclass(frozen=True, slots=True)
class AsidePage:
    """Some entries of a quarantine. ``cursor`` goes into the next ScanAside; None: the last page.

    An entry that stays through the whole scan is listed exactly once. Those whose time is over are
    not listed.
    """

    entries: tuple[Aside, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class ScanAside(Effect[AsidePage]):
    """List at most ``batch`` entries of the quarantine from ``cursor`` on (None: from the start).

    A store without one (`Store.beside`) has no entries.
    """

    cursor: str | None = None
    batch: int = 10

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= PAGE_ENTRIES:
            raise UsageError(
                f"a page of the quarantine has 1 to {PAGE_ENTRIES} entries, not {self.batch}",
                hint="read page by page, as holdfast.session.quarantine does",
            )


def paged(scan: ScanAside, names: Iterable[str]) -> tuple[list[str], str | None]:
    """The names of a page's entries and its cursor, for stores that see all names at once."""
    rest = sorted(name for name in names if scan.cursor is None or name > scan.cursor)
    page = rest[: scan.batch]
    return page, page[-1] if len(rest) > len(page) else None


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
