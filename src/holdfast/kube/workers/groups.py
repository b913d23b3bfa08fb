"""Manifests: groups of workers."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object


def objects(app: App) -> Iterator[Object]:
    """None yet."""
    yield from ()


def decisions(app: App) -> Iterator[Decision]:
    """None yet."""
    yield from ()
