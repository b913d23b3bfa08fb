"""What can be done to a deployment, by name: one entry a fault."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.deployment import Deployment
from holdfast.rehearsal.failover import failover, kill_primary, partition
from holdfast.rehearsal.skew import SKEWS


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


@dataclass(frozen=True, slots=True)
class Harm:
    """A fault of one deployment.

    Args:
        words: what is done, for the progress.
        perform: does it, and returns when it is over.
        lacks: why it cannot be done to this one; None where it can.
    """

    words: str
    perform: Callable[[random.Random], Awaitable[None]]
    lacks: str | None = None


def harms_of(deployment: Deployment, setup: Setup) -> dict[str, Harm]:
    """Every fault by its name, as it is for a deployment."""
    return {
        name: Harm(fault.words, partial(fault.perform, deployment), fault.lacks(setup))
        for name, fault in FAULTS.items()
    }


def _no_proxy(setup: Setup) -> str | None:
    if not setup.on_server:
        return "its sessions are on no server"
    if setup.tls:
        return "the certificate of its server is not one for the proxy that would stand before it"
    if setup.discovered:
        return "Sentinels name its server, past any proxy that would stand before it"
    return None


def _no_flush(setup: Setup) -> str | None:
    if setup.driver not in ("redis", "memcached"):
        return "cache:clear does not empty this store"
    return "a store that was there before the run is never emptied" if setup.given else None


def _no_end(setup: Setup) -> str | None:
    if not setup.on_server:
        return "its sessions are on no server"
    if setup.engine == "sentinel":
        return "it has several servers: kill-primary ends one of them"
    return "a store that was there before the run is never stopped" if setup.given else None


def _no_evict(setup: Setup) -> str | None:
    if setup.driver not in ("redis", "memcached"):
        return "this store keeps nothing in memory that it could evict"
    if setup.engine == "sentinel":
        return "it is done to a single server"
    return "a store that was there before the run is never filled" if setup.given else None


def _no_sentinel(setup: Setup) -> str | None:
    return None if setup.engine == "sentinel" else "its store is not redis:sentinel"


def _skew(name: str) -> Fault:
    skew = SKEWS[name]

    async def perform(deployment: Deployment, rng: random.Random) -> None:
        await deployment.skew_one(rng, skew, name)

    return Fault(f"{name}: a replica has another {skew.setting}", perform, skew.lacks)


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
    **{name: _skew(name) for name in SKEWS},
    "rotate": Fault("rotate: APP_KEY is changed, in two rolls", lambda d, _: d.rotate()),
    "failover": Fault(
        "failover: a replica of Redis becomes primary, as planned",
        lambda d, _: failover(d.harm),
        _no_sentinel,
    ),
    "kill-primary": Fault(
        "kill-primary: Redis' primary dies", lambda d, _: kill_primary(d.harm), _no_sentinel
    ),
    "partition": Fault(
        "partition: Redis' primary is cut off from its replicas",
        lambda d, _: partition(d.harm),
        _no_sentinel,
    ),
}

USUAL_FAULTS = tuple(name for name, fault in FAULTS.items() if fault.usual)
