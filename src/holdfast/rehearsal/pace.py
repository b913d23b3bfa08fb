"""How fast the rehearsed cluster is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How long things take in the rehearsed cluster, in seconds.

    Args:
        detection: how long a killed replica stays an endpoint of the balancer.
        restart: from a kill until its replacement is started.
        drain: from leaving the balancer to the stop signal, as a preStop hook sleeps.
        lag: how long a replica that was told to stop still gets requests, where its own hook is
            what waits: until edges and kube-proxy have heard of it. 0: it drains first.
        grace: from the stop signal, or the beginning of the hook, to SIGKILL.
        pause: how long a paused replica stands still.
        peak: how long scaled-out replicas stay before they are scaled in.
        cut: how long answers of the store are cut.
        slow: how long the store is slow.
        latency: how much later than usual it then gets what it is sent.
        blackhole: how long nothing comes through to the store or from it.
        skew: how long a replica with another setting serves before a right one is started.
        down: how long the store's server is gone before it is started again.
        partition: how long Redis' primary is cut off after a replica has taken its place.
    """

    detection: float = 0.5
    restart: float = 1.0
    drain: float = 0.3
    lag: float = 0.0
    grace: float = 5.0
    pause: float = 1.5
    peak: float = 2.0
    cut: float = 1.0
    slow: float = 1.5
    latency: float = 0.2
    blackhole: float = 1.0
    skew: float = 2.0
    down: float = 0.5
    partition: float = 2.0
