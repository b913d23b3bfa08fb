"""An Ingress whose controller is not known: nothing but what all of them read."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision

CLASS: str | None = None
CHANGEABLE: frozenset[str] = frozenset()


def ingress_annotations(app: App) -> dict[str, str]:
    """None: each controller has words of its own."""
    return {}


def service_annotations(app: App) -> dict[str, str]:
    """None."""
    return {}


def decisions(app: App) -> Iterator[Decision]:
    """What is left to the controller's own defaults."""
    web = app.spec.web
    yield Decision(
        "ingress",
        "no annotations",
        f"the controller is not known: that it redirects to HTTPS, takes bodies of {web.max_body},"
        f" waits {web.longest_request} s for an answer and takes 16 KiB of answer headers is left"
        " to its settings; edge.ingress.controller says it here",
    )
