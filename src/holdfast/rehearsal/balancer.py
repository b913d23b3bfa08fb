"""The balancer between browsers and replicas: HAProxy where it is installed."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal, Protocol

import anyio
from anyio import CancelScope

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.builtin_balancer import builtin_balancer
from holdfast.rehearsal.endpoint import AFFINITY_COOKIE, Endpoint
from holdfast.rehearsal.threads import in_thread
from holdfast.servers.guardian import Guardian
from holdfast.servers.haproxy import Admin, haproxy, haproxy_program
from holdfast.servers.ports import LOOPBACK, free_port

Choice = Literal["auto", "haproxy", "builtin"]

SLOTS = 64
"""Replicas that HAProxy can know at a time, those that come and those that go together."""


class Balancer(Protocol):
    """Spreads requests over replicas, each request on its own, round robin.

    With affinity a browser goes back to the replica that its cookie names while that one is there;
    else it is balanced anew. A request that cannot be handed over goes to another replica; one that
    was handed over is never sent again.
    """

    @property
    def name(self) -> str:
        """``haproxy`` or ``builtin``."""

    @property
    def address(self) -> str:
        """Where browsers connect: ``http://127.0.0.1:PORT``."""

    async def add(self, endpoint: Endpoint) -> None:
        """Let a replica take requests; it takes them when this returns."""

    async def remove(self, endpoint: Endpoint) -> None:
        """Send a replica nothing new, also for browsers whose cookie names it.

        Requests in flight may finish. Nothing happens where it is not there.
        """


@asynccontextmanager
async def open_balancer(
    choice: Choice, directory: Path, *, affinity: bool, guardian: Guardian
) -> AsyncIterator[Balancer]:
    """Start a balancer without any replica yet.

    Args:
        choice: ``auto`` is HAProxy where it is installed, else the built-in one.
        directory: an existing directory for what it writes.
        affinity: whether it brings browsers back to their replica by a cookie.
        guardian: is told of its process.

    Raises:
        EnvironmentLacking: HAProxy was asked for and is not installed, or did not start.
    """
    if choice == "builtin" or (choice == "auto" and haproxy_program() is None):
        async with builtin_balancer(affinity=affinity) as balancer:
            yield balancer
        return
    async with _haproxy_balancer(directory, affinity=affinity, guardian=guardian) as balancer:
        yield balancer


@asynccontextmanager
async def _haproxy_balancer(
    directory: Path, *, affinity: bool, guardian: Guardian
) -> AsyncIterator[Balancer]:
    port = free_port()
    process, admin = haproxy(
        directory,
        port=port,
        slots=SLOTS,
        affinity=AFFINITY_COOKIE if affinity else None,
        affinity_key=secrets.token_hex(8),
    )
    guardian.watch_group(process.pid)
    try:
        await in_thread(lambda: process.wait_ready(admin.answers), on_cancel=process.kill)
        yield _HAProxyBalancer(f"http://{LOOPBACK}:{port}", admin)
    finally:
        with CancelScope(shield=True):
            # Nobody waits for its answers any more.
            await in_thread(process.kill)
        guardian.forget_group(process.pid)


class _HAProxyBalancer:
    name = "haproxy"

    def __init__(self, address: str, admin: Admin) -> None:
        self.address = address
        self._admin = admin
        self._slots: dict[Endpoint, int] = {}
        self._lock = anyio.Lock()

    async def add(self, endpoint: Endpoint) -> None:
        async with self._lock:
            slot = next((n for n in range(1, SLOTS + 1) if n not in self._slots.values()), None)
            if slot is None:
                raise EnvironmentLacking(
                    f"HAProxy has no slot left for {endpoint.name}: all {SLOTS} are taken",
                    hint="rehearse with fewer replicas",
                )
            self._slots[endpoint] = slot
            await in_thread(lambda: self._fill(slot, endpoint.port))

    async def remove(self, endpoint: Endpoint) -> None:
        async with self._lock:
            slot = self._slots.get(endpoint)
            if slot is not None:
                await in_thread(lambda: self._admin.set_state(slot, "maint"))
                del self._slots[endpoint]

    def _fill(self, slot: int, port: int) -> None:
        self._admin.set_address(slot, port)
        self._admin.set_state(slot, "ready")
