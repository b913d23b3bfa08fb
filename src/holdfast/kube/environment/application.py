"""What every process of the application has to agree on, whatever it is used for."""

from __future__ import annotations

from holdfast.kube.app import App


def variables(app: App) -> dict[str, str]:
    """Mode, address, logs; the maintenance mode is kept where all replicas see it."""
    return {
        "APP_DEBUG": "false",
        "APP_ENV": "production",
        "APP_URL": f"https://{app.spec.host}",
        "LOG_CHANNEL": "stderr",
    }
