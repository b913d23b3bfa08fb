"""A rendering as files: one for each concern, numbered as they are applied."""

from __future__ import annotations

from holdfast.kube.emit import emit
from holdfast.kube.render import CONCERNS, Rendered


def files(rendered: Rendered) -> dict[str, str]:
    """Path and text; ``kubectl apply -f`` takes a directory's files by name."""
    return {file_of(concern): emit(objects) for concern, objects in rendered.objects.items()}


def file_of(concern: str) -> str:
    """``16-web.yaml``: a concern has its number whether or not the others are there."""
    return f"{10 + list(CONCERNS).index(concern)}-{concern}.yaml"
