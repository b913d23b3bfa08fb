"""Amounts that are valid and cannot be meant: ``512m`` is half a byte to Kubernetes.

Elsewhere m is mega (nginx, PHP) or a mebibyte (Docker); the API server takes such a memory, and the
container never starts. CEL could say it by Kubernetes' own library alone (``quantity()``).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.quantity import MEBI, whole
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.spec.words import Resources

_LEAST_MEMORY = 32 * MEBI
"""PHP alone, with Laravel loaded, takes about as much."""
_LEAST_BODY = 1024
_MOST_CPU = 512


def refusals(app: App) -> Iterator[Refusal]:
    """Memory in which PHP does not start, processors that no node has, bodies that no form fits."""
    for path, wanted in _resources(app):
        if whole(wanted.memory) < _LEAST_MEMORY:
            yield Refusal(
                (*path, "memory"),
                f"{wanted.memory} is {_bytes(wanted.memory)}, in which PHP does not start",
                f"{_LEAST_MEMORY // MEBI}Mi or more, e.g. memory: 512Mi",
            )
        if whole(wanted.cpu) > _MOST_CPU:
            yield Refusal(
                (*path, "cpu"),
                f"{wanted.cpu} is {whole(wanted.cpu)} processors, which no node has: the pod would"
                " wait for ever",
                "thousandths of one, e.g. cpu: 250m",
            )
    body = app.spec.web.max_body
    if whole(body) < _LEAST_BODY:
        yield Refusal(
            ("web", "maxBody"),
            f"{body} is {_bytes(body)}: the edge or nginx would answer 413 to each form, or take"
            " bodies of any size",
            "e.g. maxBody: 20Mi",
        )


def _resources(app: App) -> Iterator[tuple[tuple[str | int, ...], Resources]]:
    spec = app.spec
    yield ("web", "resources"), spec.web.resources
    for index, worker in enumerate(spec.workers):
        yield ("workers", index, "resources"), worker.resources
    if spec.scheduler is not None:
        yield ("scheduler", "resources"), spec.scheduler.resources
    if spec.migrations is not None:
        yield ("migrations", "resources"), spec.migrations.resources


def _bytes(quantity: str) -> str:
    if quantity.endswith("m"):
        return "thousandths of a byte"
    number = whole(quantity)
    return "1 byte" if number == 1 else f"{number} bytes"
