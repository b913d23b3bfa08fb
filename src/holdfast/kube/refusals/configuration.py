"""What is refused of configuration."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.refusals.refusal import Refusal


def refusals(app: App) -> Iterator[Refusal]:
    """None yet."""
    yield from ()
