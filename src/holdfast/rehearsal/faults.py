"""What can be done to a deployment, by name: one entry a fault."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to harm a deployment.

    Args:
        words: what is done, for the progress.
        perform: does it, and returns when it is over; all chance comes from the generator.
        lacks: why it cannot be done to a setup, for people; None where it can. Known before
            anything is started.
        proxied: whether it needs a proxy between replicas and store.
        usual: whether it is done where nobody names faults.
    """

    words: str
    perform: Callable[[Deployment, random.Random], Awaitable[None]]
    lacks: Callable[[Setup], str | None] = lambda _: None
    proxied: bool = False
    usual: bool = False


def _no_proxy(setup: Setup) -> str | None:
    if not setup.on_server:
        return "its sessions are on no server"
    if setup.tls:
        return "the certificate of its server is not one for the proxy that would stand before it"
    return None


def _no_flush(setup: Setup) -> str | None:
    if setup.driver not in ("redis", "memcached"):
        return "cache:clear does not empty this store"
    return "a store that was there before the run is never emptied" if setup.given else None


def _no_end(setup: Setup) -> str | None:
    if not setup.on_server:
        return "its sessions are on no server"
    return "a store that was there before the run is never stopped" if setup.given else None


def _no_evict(setup: Setup) -> str | None:
    if setup.driver not in ("redis", "memcached"):
        return "this store keeps nothing in memory that it could evict"
    return "a store that was there before the run is never filled" if setup.given else None


FAULTS: dict[str, Fault] = {
    "kill": Fault("kill: a replica dies", Deployment.kill_one, usual=True),
    "roll": Fault("roll: every replica is replaced", lambda d, _: d.roll(), usual=True),
    "scale": Fault("scale: one replica more, and less", lambda d, _: d.scale_out_in(), usual=True),
    "pause": Fault("pause: a replica stands still", Deployment.pause_one),
    "cut": Fault(
        "cut: answers of the store are cut", lambda d, _: d.harm.cut(), _no_proxy, proxied=True
    ),
    "slow": Fault(
        "slow: the store gets everything late", lambda d, _: d.harm.slow(), _no_proxy, proxied=True
    ),
    "blackhole": Fault(
        "blackhole: nothing comes through to the store",
        lambda d, _: d.harm.blackhole(),
        _no_proxy,
        proxied=True,
    ),
    "flush": Fault("flush: the store is emptied", lambda d, _: d.harm.flush(), _no_flush),
    "restart": Fault(
        "restart: the store is stopped and started again", lambda d, _: d.harm.restart(), _no_end
    ),
    "crash": Fault(
        "crash: the store is killed and started again", lambda d, _: d.harm.crash(), _no_end
    ),
    "evict": Fault(
        "evict: the store has no room for what it holds", lambda d, _: d.harm.evict(), _no_evict
    ),
}

USUAL_FAULTS = tuple(name for name, fault in FAULTS.items() if fault.usual)
