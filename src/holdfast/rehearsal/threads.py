"""Blocking work in a thread that is never left running behind a cancelled task."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import anyio
from anyio import CancelScope, to_thread

T = TypeVar("T")


async def in_thread(
    function: Callable[[], T], *, on_cancel: Callable[[], object] | None = None
) -> T:
    """Run a blocking function in a worker thread and return what it returns.

    Where the task is cancelled meanwhile, the function is waited for before the cancellation goes
    on: clean-up must not run beside a thread that is still starting what is to be cleaned up. That
    holds for Ctrl-C too, which asyncio delivers past anyio's shields.

    Args:
        function: what to run.
        on_cancel: called in another thread on cancellation, to make the function end early.
    """
    gate = threading.Lock()
    begun = abandoned = False
    ended = threading.Event()

    def body() -> T:
        nonlocal begun
        with gate:
            if abandoned:
                raise RuntimeError("the task that wanted this is gone")
            begun = True
        try:
            return function()
        finally:
            ended.set()

    try:
        return await to_thread.run_sync(body)
    except anyio.get_cancelled_exc_class():
        with gate:
            abandoned = not begun
        if begun and not ended.is_set():
            with CancelScope(shield=True):
                if on_cancel is not None:
                    await to_thread.run_sync(on_cancel)
                await to_thread.run_sync(ended.wait)
        raise
