"""A store, connected once for all requests of an application."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Protocol

from holdfast.core.flow import APerform


class Connectable(Protocol):
    """A store of sessions or of locks."""

    def aconnect(self) -> AbstractAsyncContextManager[APerform]:
        """Open it for tasks."""


class Connection:
    """Connects when it is first needed, and again after it was closed or could not be reached."""

    def __init__(self, store: Connectable) -> None:
        self._store = store
        self._opened: tuple[APerform, AsyncExitStack] | None = None

    async def perform(self) -> APerform:
        """What performs the flows; connects where that has not succeeded yet."""
        if self._opened is None:
            # Without a lock: while the store is down, requests must not queue for its timeout.
            stack = AsyncExitStack()
            perform = await stack.enter_async_context(self._store.aconnect())
            if self._opened is None:
                self._opened = perform, stack
            else:
                await stack.aclose()
        return self._opened[0]

    async def close(self) -> None:
        """Close it; a later request connects again."""
        if self._opened is not None:
            _, stack = self._opened
            self._opened = None
            await stack.aclose()
