"""What a conformance case works with: a store, its clock, and a way to let a session expire."""

from __future__ import annotations

import base64
import random
import string
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import anyio
from anyio.from_thread import start_blocking_portal

from holdfast.core.clock import Clock, wall_clock
from holdfast.core.flow import Effect, Perform
from holdfast.laravel.payload import Form
from holdfast.stores.contract import Store

Mode = Literal["sync", "async"]


@dataclass(frozen=True)
class Harness:
    """An empty store under test.

    Args:
        store: the store; opened by the cases, more than once.
        expire: makes the time of this one session come, and returns when it has. A store with a
            clock of its own kind sets that forward (others may expire with it); for a server that
            judges expiry, shorten what it keeps and wait until it is gone. Never by sleeping.
        clock: what the store judges expiry by.
    """

    store: Store
    expire: Callable[[str], None]
    clock: Clock = wall_clock


OpenHarness = Callable[[], AbstractContextManager[Harness]]
"""Makes an empty store and clears it away at the end of the block. Called many times."""


class ManualClock:
    """A clock that stands still until it is moved; starts at a fixed instant."""

    def __init__(self, now: int = 1_700_000_000) -> None:
        self._now = now

    def __call__(self) -> int:
        """The instant, epoch seconds."""
        return self._now

    def advance(self, seconds: int) -> None:
        """Move it."""
        self._now += seconds


@dataclass(frozen=True)
class Client:
    """A connected store: one operation, or several that start at the same moment."""

    perform: Perform
    race: Callable[[Sequence[Effect[Any]]], list[Any]]


@contextmanager
def connected(store: Store, mode: Mode) -> Iterator[Client]:
    """Connect through ``connect`` or ``aconnect``; the client is called from one thread anyway."""
    with _threads(store) if mode == "sync" else _tasks(store) as client:
        yield client


@contextmanager
def _threads(store: Store) -> Iterator[Client]:
    with store.connect() as perform:

        def race(operations: Sequence[Effect[Any]]) -> list[Any]:
            start = threading.Barrier(len(operations))

            def one(operation: Effect[Any]) -> Any:
                start.wait()
                return perform(operation)

            with ThreadPoolExecutor(len(operations)) as pool:
                return list(pool.map(one, operations))

        yield Client(perform, race)


@contextmanager
def _tasks(store: Store) -> Iterator[Client]:
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(store.aconnect()) as perform,
    ):

        async def race(operations: Sequence[Effect[Any]]) -> list[Any]:
            results: list[Any] = [None] * len(operations)

            async def one(index: int, operation: Effect[Any]) -> None:
                results[index] = await perform(operation)

            async with anyio.create_task_group() as group:
                for index, operation in enumerate(operations):
                    group.start_soon(one, index, operation)
            return results

        yield Client(
            lambda operation: portal.call(perform, operation),
            lambda operations: portal.call(race, operations),
        )


def new_sid() -> str:
    """A session id that no other test uses."""
    return "".join(random.SystemRandom().choices(string.ascii_letters + string.digits, k=40))


def dress(form: Form, payload: bytes) -> bytes:
    """A payload in the outer layer of a kind of store, as Laravel would put it there."""
    match form:
        case Form.BARE:
            return payload
        case Form.PHP_STRING:
            return b's:%d:"%s";' % (len(payload), payload)
        case Form.BASE64:
            return base64.b64encode(payload)
