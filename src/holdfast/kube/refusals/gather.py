"""All refusals of an application."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.refusals import (
    configuration,
    edge,
    mesh,
    monitoring,
    network,
    quantities,
    queue,
    secret,
    session,
    session_store,
    storage,
    web,
    workers,
)
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import Rule

_SECTIONS = (
    session,
    session_store,
    web,
    queue,
    workers,
    configuration,
    secret,
    storage,
    edge,
    mesh,
    monitoring,
    network,
    quantities,
)

RULES: tuple[Rule, ...] = (
    *session.RULES,
    *session_store.RULES,
    *web.RULES,
    *queue.RULES,
    *workers.RULES,
    *configuration.RULES,
    *storage.RULES,
    *edge.RULES,
    *mesh.RULES,
    *network.RULES,
)
"""What the API server refuses too."""


def refusals(app: App) -> Iterator[Refusal]:
    """Everything for which it is not rendered, in the order of the specification's sections."""
    for section in _SECTIONS:
        yield from section.refusals(app)
