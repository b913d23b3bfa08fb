"""What a balancer knows of a replica."""

from __future__ import annotations

from dataclasses import dataclass

AFFINITY_COOKIE = "HFSRV"
"""The balancer's own cookie; the application never sees it."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A replica as the balancer sees it.

    Args:
        name: ``r2``; it stays when the replica is replaced.
        generation: how often it was; from 1.
        port: the loopback port where this generation serves.
    """

    name: str
    generation: int
    port: int
