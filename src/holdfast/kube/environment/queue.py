"""Variables: queues."""

from __future__ import annotations

from holdfast.kube.app import App


def variables(app: App) -> dict[str, str]:
    """None yet."""
    return {}
