"""Every object of a deployment, in the order in which it is to be applied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from holdfast.kube import configuration, storage
from holdfast.kube.app import App, Decision, Object
from holdfast.kube.edge import entry
from holdfast.kube.mesh import policies
from holdfast.kube.monitoring import rules
from holdfast.kube.network import policies as network
from holdfast.kube.order import ordered
from holdfast.kube.session_store import store
from holdfast.kube.web import deployment
from holdfast.kube.workers import groups, migrations, scheduler


class Concern(Protocol):
    """A module that renders one thing."""

    def objects(self, app: App) -> Iterator[Object]:
        """Its objects, in the order in which they are applied; the same for the same app."""

    def decisions(self, app: App) -> Iterator[Decision]:
        """What it decided that a person should know."""


CONCERNS: dict[str, Concern] = {
    "config": configuration,
    "storage": storage,
    "session-store": store,
    "mesh": policies,
    "network": network,
    "migrations": migrations,
    "web": deployment,
    "workers": groups,
    "scheduler": scheduler,
    "edge": entry,
    "monitoring": rules,
}
"""In the order in which they are applied; each becomes one file."""


@dataclass(frozen=True)
class Rendered:
    """A deployment.

    Args:
        objects: by concern, in the order of CONCERNS; concerns without objects are left out.
        decisions: in the same order.
    """

    objects: dict[str, list[Object]]
    decisions: list[Decision]


def render(app: App) -> Rendered:
    """Render an application; the same application is the same objects, always."""
    objects = {
        name: [ordered(app, name, one) for one in concern.objects(app)]
        for name, concern in CONCERNS.items()
    }
    return Rendered(
        {name: some for name, some in objects.items() if some},
        [decision for concern in CONCERNS.values() for decision in concern.decisions(app)],
    )
