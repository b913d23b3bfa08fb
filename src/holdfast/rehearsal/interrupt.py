"""The ends that a run may come to before its time: a signal, an error in a task group."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio

from holdfast.core.errors import HoldfastError


@asynccontextmanager
async def interruptible() -> AsyncIterator[anyio.Event]:
    """An event that the first SIGINT or SIGTERM sets; the second one cancels what runs inside."""
    interrupted = anyio.Event()
    async with anyio.create_task_group() as tasks:

        async def listen() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                listening.set()
                async for _ in signals:
                    if interrupted.is_set():
                        tasks.cancel_scope.cancel()
                    interrupted.set()

        listening = anyio.Event()
        tasks.start_soon(listen)
        await listening.wait()
        yield interrupted
        tasks.cancel_scope.cancel()


@contextmanager
def bare_errors() -> Iterator[None]:
    """Raise the first error of ours, or the only error, as it is where task groups wrapped it."""
    try:
        yield
    except BaseExceptionGroup as group:
        error: BaseException = group.subgroup(HoldfastError) or group
        while isinstance(error, BaseExceptionGroup):
            if len(error.exceptions) > 1 and not isinstance(error.exceptions[0], HoldfastError):
                raise
            error = error.exceptions[0]
        raise error from group
