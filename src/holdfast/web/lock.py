"""Session locks around the requests of an ASGI application."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import anyio

from holdfast.core.flow import CLEANUP_SECONDS, APerform, arun
from holdfast.session.lock import DEFAULT, Limits, acquire, release
from holdfast.stores.locks import Locks

GiveBack: TypeAlias = Callable[[], Awaitable[None]]

_logger = logging.getLogger(__name__)


def each(_: MutableMapping[str, Any]) -> bool:
    """Every request."""
    return True


@dataclass(frozen=True, slots=True)
class LockPolicy:
    """Which requests take their session's lock, and where the locks are.

    Args:
        locks: Laravel's, of the cache store ``session.block_store``; ``open_locks(url)``.
        limits: how long; Laravel's defaults.
        applies: whether a request, given its ASGI scope, takes it. One without a session never
            does: there is nothing that others could be doing to it.
    """

    locks: Locks
    limits: Limits = DEFAULT
    applies: Callable[[MutableMapping[str, Any]], bool] = each


@asynccontextmanager
async def held(perform: APerform, sid: str, limits: Limits) -> AsyncIterator[GiveBack]:
    """Hold a session's lock until it is given back, or else until the end of the block.

    It is given back under cancellation too.

    Raises:
        SessionLocked, StoreError: it was not to be had; the block is not entered.
    """
    owner: str | None = await arun(acquire(sid, limits), perform)

    async def give_back() -> None:
        nonlocal owner
        if owner is None:
            return
        mine, owner = owner, None
        with anyio.CancelScope(shield=True, deadline=anyio.current_time() + CLEANUP_SECONDS):
            if not await arun(release(sid, mine), perform):
                _logger.warning(
                    "a request took longer than its session's lock (%s s), "
                    "and may not have been alone",
                    limits.lock_seconds,
                )

    try:
        yield give_back
    finally:
        await give_back()


@asynccontextmanager
async def not_held() -> AsyncIterator[GiveBack]:
    """As :func:`held`, for a request that takes no lock."""

    async def give_back() -> None:
        pass

    yield give_back
