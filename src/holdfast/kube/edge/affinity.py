"""How long a user keeps a replica, where that is asked for."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision

ALB_MOST = 604_800
"""Seconds that a cookie of an Application Load Balancer may live: seven days (Elastic Load
Balancing, «Sticky sessions»)."""


def cookie(app: App) -> str | None:
    """The name of the edge's cookie; None where no affinity is asked for."""
    return app.spec.session.affinity.cookie if app.spec.session.affinity else None


def seconds(app: App) -> int:
    """How long: as it is said, else as long as a session lives without a request."""
    affinity = app.spec.session.affinity
    return (affinity.seconds if affinity else None) or app.spec.session.lifetime * 60


def decisions(app: App) -> Iterator[Decision]:
    """What affinity is, for whoever relies on it."""
    if app.spec.session.affinity is not None:
        yield Decision(
            "affinity",
            f"by the edge's cookie {cookie(app)}",
            "a hint that saves time, not a session store: replicas come and go, and sessions are"
            " in the shared store whichever of them answers; the cookie is never Laravel's own,"
            " which is new with each response",
        )
