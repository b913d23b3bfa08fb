"""What a person chose although it can lose or show sessions: written down where `check` reads it.

A rule of ``holdfast check`` is allowed by an annotation with a reason; the choice is the reason.
What Holdfast decides by itself never needs one.
"""

from __future__ import annotations

from holdfast.kube.app import App

_DRIVERS = {"cookie": ("HF409", "HF411"), "dynamodb": ("HF541",), "memcached": ("HF531",)}


def allowances(app: App) -> dict[str, str]:
    """Of the Deployment of the web pods."""
    session = app.spec.session
    found = {}
    for rule in _DRIVERS.get(session.driver, ()):
        found[rule] = f"spec.session.driver is {session.driver}"
    if not session.encrypt and session.driver not in ("cookie", "file"):
        found["HF951"] = "spec.session.encrypt is false"
    return {f"holdfast.dev/allow-{rule}": reason for rule, reason in found.items()}
