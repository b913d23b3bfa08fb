"""Containers beside others that turn their state into metrics."""

from __future__ import annotations

from holdfast.kube.app import App, Object


def containers(app: App, component: str) -> list[Object]:
    """What runs beside the main container of a pod; nothing without monitoring."""
    return []
