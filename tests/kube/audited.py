"""What ``holdfast check`` says of rendered objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from holdfast.check.audit import Request, audit
from holdfast.check.rules import RULES
from holdfast.kube.app import App, Object
from holdfast.kube.emit import emit
from holdfast.kube.environment.gather import config
from holdfast.kube.render import render

ALL = ("HF",)
"""How the ids of all rules begin."""

EDGES = ("HF4", "HF7")
"""Of those of edges, cookies and affinity."""


def rendered(app: App) -> list[Object]:
    """All objects of an application, in their order; its configuration is among them."""
    objects = [one for objects in render(app).objects.values() for one in objects]
    variables = config(app)
    there = any(one["metadata"]["name"] == variables["metadata"]["name"] for one in objects)
    return objects if there else [variables, *objects]


def findings(
    objects: Iterable[Object],
    *,
    laravel: int = 12,
    projects: Sequence[Path] = (),
    rules: Sequence[str] = ALL,
) -> list[str]:
    """What rules find in objects, ``HF101: Users are ...``; those that cannot tell end in ``?``.

    Args:
        projects: the application itself, which then says its version.
        rules: how their ids begin.
    """
    request = Request(
        (),
        Path("/"),
        stdin=emit(objects).encode(),
        projects=projects,
        laravel=None if projects else laravel,
        rules=[rule for rule in RULES if rule.id.startswith(tuple(rules))],
    )
    return [
        f"{one.rule.id}: {one.finding.message}{'?' if one.finding.unknown else ''}"
        for one in audit(request).found
    ]
