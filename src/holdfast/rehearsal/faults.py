"""What can be done to a deployment, by name: one entry a fault."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from holdfast.rehearsal.deployment import Deployment


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to harm a deployment.

    Args:
        words: what is done, for the progress.
        perform: does it, and returns when it is over; all chance comes from the generator.
        lacks: why it cannot be done to a deployment, for people; None where it can.
        proxied: whether it needs a proxy between replicas and store.
        usual: whether it is done where nobody names faults.
    """

    words: str
    perform: Callable[[Deployment, random.Random], Awaitable[None]]
    lacks: Callable[[Deployment], str | None] = lambda _: None
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


def harms_of(deployment: Deployment) -> dict[str, Harm]:
    """Every fault by its name, as it is for a deployment."""
    return {
        name: Harm(fault.words, partial(fault.perform, deployment), fault.lacks(deployment))
        for name, fault in FAULTS.items()
    }


def _no_proxy(deployment: Deployment) -> str | None:
    if deployment.store.proxy is None:
        return "its sessions are on no server that was started for the run"
    return None


def _no_flush(deployment: Deployment) -> str | None:
    if deployment.store.flush is None:
        return "cache:clear does not empty this store, or it was there before the run"
    return None


FAULTS: dict[str, Fault] = {
    "kill": Fault("kill: a replica dies", Deployment.kill_one, usual=True),
    "roll": Fault("roll: every replica is replaced", lambda d, _: d.roll(), usual=True),
    "scale": Fault("scale: one replica more, and less", lambda d, _: d.scale_out_in(), usual=True),
    "pause": Fault("pause: a replica stands still", Deployment.pause_one),
    "cut": Fault(
        "cut: answers of the store are cut", lambda d, _: d.cut(), _no_proxy, proxied=True
    ),
    "slow": Fault(
        "slow: the store gets everything late", lambda d, _: d.slow(), _no_proxy, proxied=True
    ),
    "blackhole": Fault(
        "blackhole: nothing comes through to the store",
        lambda d, _: d.blackhole(),
        _no_proxy,
        proxied=True,
    ),
    "flush": Fault("flush: the store is emptied", lambda d, _: d.flush(), _no_flush),
}

USUAL_FAULTS = tuple(name for name, fault in FAULTS.items() if fault.usual)
