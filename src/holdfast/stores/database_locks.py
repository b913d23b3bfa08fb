"""Locks in a database, as Laravel's (Illuminate/Cache/DatabaseLock.php, 8 to 13).

A row of ``cache_locks`` a lock: the cache's prefix and the lock's name, the owner, the expiration
in epoch seconds. On MariaDB the table's collation takes names that differ in letter case for one.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.flow import APerform, Effect, Perform
from holdfast.laravel.names import cache_prefix
from holdfast.stores.contract import Refused
from holdfast.stores.locks import Acquire, Held, Locked, Release
from holdfast.stores.sql import locks
from holdfast.stores.sql.dialect import Dialect
from holdfast.stores.sql.place import Server, dialect_of, driver_of, place, table_name, where_of
from holdfast.stores.sql.statements import Reply, Statement, Steps
from holdfast.stores.url import StoreUrl


@dataclass(frozen=True)
class DatabaseLocks:
    """Locks in a table.

    Args:
        at: the SQLite file, or the server; the table must be there, ``artisan cache:table``.
        table: the table's name, ``lock_table``.
        prefix: the cache's.
        clock: what judges expiry.
    """

    at: Path | Server
    table: str = "cache_locks"
    prefix: str = ""
    clock: Clock = wall_clock

    @property
    def where(self) -> str:
        """``sqlite://`` and the file, or the server's address and the database."""
        return where_of(self.at)

    @contextmanager
    def connect(self) -> Iterator[Perform]:
        """As ``Locks.connect``."""
        with driver_of(self.at).connect(self) as perform:
            yield perform

    @asynccontextmanager
    async def aconnect(self) -> AsyncIterator[APerform]:
        """As ``Locks.aconnect``."""
        async with driver_of(self.at).aconnect(self) as perform:
            yield perform

    def probe(self) -> Statement:
        """A read that fails unless Laravel's table and columns are there."""
        return locks.probe(self._dialect)

    def refusal(self, _: Effect[Any]) -> Refused | None:
        """None: locks have no levels."""
        return None

    def plan(self, operation: Effect[Any]) -> Steps:
        """The statements that perform an operation, each sent only if none before it wrote."""
        now = self.clock()
        match operation:
            case Acquire(key, owner, seconds):
                row = {"key": self.prefix + key, "owner": owner, "expiration": now + seconds}
                steps = locks.acquire(self._dialect, row | {"now": now})
                if not _drawn(owner):
                    return steps
                return Steps((locks.sweep(self._dialect, {"now": now}), *steps.statements))
            case Release(key, owner):
                row = {"key": self.prefix + key, "owner": owner, "now": now}
                return locks.release(self._dialect, row)
        raise TypeError(f"not an operation of locks: {type(operation).__name__}")

    def parse(self, operation: Effect[Any], replies: Sequence[Reply]) -> Any:
        """The result of an operation, from the replies to its statements that were sent."""
        wrote = any(reply.wrote for reply in replies)
        if isinstance(operation, Release):
            return wrote
        return Locked() if wrote else Held()

    @cached_property
    def _dialect(self) -> Dialect:
        return dialect_of(self.at, self.table)


def _drawn(owner: str) -> bool:
    """Whether an owner removes what has expired before it takes its lock.

    Laravel draws lots, 2 in 100. An owner is random already: of 62 first letters, one.
    """
    return owner.startswith("0")


def from_url(url: StoreUrl) -> DatabaseLocks:
    """``sqlite:///file?table=cache_locks&prefix=...``; servers alike."""
    prefix = url.parameters.get("prefix", cache_prefix("Laravel", url.laravel))
    return DatabaseLocks(place(url), table_name(url, "cache_locks"), prefix)
