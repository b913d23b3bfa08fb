"""Variables: where the session store is, and how it is reached."""

from __future__ import annotations

from holdfast.kube.app import App


def variables(app: App) -> dict[str, str]:
    """None yet."""
    return {}
