"""Writes that wait at one moment share one pipeline and one WAIT."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from holdfast.core.flow import Effect

MOST = 64
"""How many go in one pipeline; a WAIT is shared by so many at most."""

PerformAll = Callable[[Sequence[Effect[Any]]], Awaitable[list[Any]]]


@dataclass(frozen=True, slots=True)
class _Waiting:
    operation: Effect[Any]
    answer: asyncio.Future[Any]


class Writer:
    """Performs writes of one level, batch after batch: what comes while one is under way waits.

    A task of its own does it while there is something to write, so that a caller who is cancelled
    takes nobody's answer with him; what he wanted is not written if it was not sent yet.
    """

    def __init__(self, perform_all: PerformAll) -> None:
        self._perform_all = perform_all
        self._waiting: list[_Waiting] = []
        self._task: asyncio.Task[None] | None = None

    async def perform(self, operation: Effect[Any]) -> Any:
        """The result of one write."""
        mine = _Waiting(operation, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())
        return await mine.answer

    async def close(self) -> None:
        """Stop writing; nobody waits for an answer any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _write(self) -> None:
        while self._waiting:
            batch = [w for w in self._waiting[:MOST] if not w.answer.done()]
            del self._waiting[:MOST]
            if not batch:
                continue
            try:
                results = await self._perform_all([waiting.operation for waiting in batch])
            except BaseException as error:
                for waiting in batch:
                    if not waiting.answer.done():
                        waiting.answer.set_exception(error)
                if not isinstance(error, Exception):
                    raise
            else:
                for waiting, result in zip(batch, results, strict=True):
                    if not waiting.answer.done():
                        waiting.answer.set_result(result)
