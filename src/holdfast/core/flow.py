"""Flows: logic written once as a generator that asks for I/O; two runners perform it.

A flow yields effects and receives their answers. Whatever the performer raises, cancellation
included, is raised inside the flow, so a ``finally:`` that yields (an unlock) is performed too.
What must share a connection or be atomic (a save and its WAIT, compare and swap) is ONE effect.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, cast

import anyio

T = TypeVar("T")
R = TypeVar("R")

CLEANUP_SECONDS = 5.0
"""How long a cancelled flow may take for its clean-up effects, all of them together.

Longer would hold a worker that is being stopped; shorter would leave locks behind on a slow store.
"""


class Effect(Generic[T]):
    """A request for I/O whose answer is a T."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Sleep(Effect[None]):
    """Wait. The runners do it themselves, no performer is asked."""

    seconds: float


Flow = Generator[Effect[Any], Any, R]
Perform = Callable[[Effect[Any]], Any]
APerform = Callable[[Effect[Any]], Awaitable[Any]]


def do(effect: Effect[T]) -> Flow[T]:
    """Ask for one effect and keep the type of its answer."""
    return cast(T, (yield effect))


def run(flow: Flow[R], perform: Perform) -> R:
    """Perform a flow in this thread and return what it returns; its errors come as they are."""
    try:
        effect = next(flow)
        while True:
            try:
                answer = _performed(effect, perform)
            except BaseException as error:  # noqa: BLE001 - KeyboardInterrupt must reach the flow's clean-up
                effect = flow.throw(error)
            else:
                effect = flow.send(answer)
    except StopIteration as stop:
        return cast(R, stop.value)
    finally:
        flow.close()


async def arun(flow: Flow[R], perform: APerform) -> R:
    """Perform a flow in this task; as :func:`run`, and cancellation runs the flow's clean-up.

    Raises:
        TimeoutError: inside the flow, when its clean-up took longer than CLEANUP_SECONDS.
    """
    # Set once we are leaving: the rest is clean-up, shielded, one budget for all of it.
    deadline: float | None = None

    async def performed(effect: Effect[Any]) -> Any:
        if isinstance(effect, Sleep):
            return await anyio.sleep(effect.seconds)
        return await perform(effect)

    try:
        effect = next(flow)
        while True:
            try:
                if deadline is None:
                    answer = await performed(effect)
                else:
                    with anyio.CancelScope(shield=True, deadline=deadline) as scope:
                        answer = await performed(effect)
                    if scope.cancelled_caught:
                        raise TimeoutError(f"clean-up took longer than {CLEANUP_SECONDS} s")
            except BaseException as error:  # noqa: BLE001 - cancellation must reach the flow's clean-up
                if deadline is None and not isinstance(error, Exception):
                    deadline = anyio.current_time() + CLEANUP_SECONDS
                effect = flow.throw(error)
            else:
                effect = flow.send(answer)
    except StopIteration as stop:
        return cast(R, stop.value)
    finally:
        flow.close()


def _performed(effect: Effect[Any], perform: Perform) -> Any:
    if not isinstance(effect, Sleep):
        return perform(effect)
    time.sleep(effect.seconds)
    return None
