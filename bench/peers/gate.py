"""Where the requests of a race wait for each other, their sessions loaded and not yet saved."""

from __future__ import annotations

import anyio
from anyio import from_thread


class Gate:
    """Open for requests that race with nobody."""

    def __init__(self) -> None:
        self._missing = 0
        self._full = self._opened = anyio.Event()
        self._opened.set()

    def close(self, requests: int) -> None:
        """So many requests are held from now on."""
        self._missing = requests
        self._full, self._opened = anyio.Event(), anyio.Event()

    async def full(self) -> None:
        """Wait until all of them have come."""
        await self._full.wait()

    def open(self) -> None:
        self._opened.set()

    async def hold(self) -> None:
        """In a task's handler."""
        if self._opened.is_set():
            return
        self._missing -= 1
        if not self._missing:
            self._full.set()
        await self._opened.wait()

    def hold_thread(self) -> None:
        """In a thread's handler."""
        from_thread.run(self.hold)
