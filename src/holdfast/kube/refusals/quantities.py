"""Amounts that are valid and cannot be meant: ``512m`` is half a byte to Kubernetes.

Elsewhere m is mega (nginx, PHP) or a mebibyte (Docker); the API server takes such a memory, and the
container never starts. CEL could say it by Kubernetes' own library alone (``quantity()``).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App
from holdfast.kube.quantity import GIBI, MEBI, mebibytes, whole
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.spec.words import Resources
from holdfast.kube.web import disk

_LEAST_MEMORY = 32 * MEBI
"""PHP alone, with Laravel loaded, takes about as much."""
_LEAST_OF_EACH = 8 * MEBI
"""Of a PHP process that answers requests, beside what all of a pod share."""
_OF_ONE_WORKER = 256 * MEBI
"""The default of a group."""
_LEAST_BODY = 1024
_MOST_DISK = 1024**4
"""Bytes of a node's own disk that a pod may ask for; clouds give a node a tenth by default."""
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
    yield from _processes(app)
    yield from _horizon(app)
    if (asked := whole(disk.ephemeral(app))) > _MOST_DISK:
        yield Refusal(
            ("web", "maxBody"),
            f"{app.spec.web.processes} processes with a body of {app.spec.web.max_body} each are"
            f" {asked // GIBI}Gi of a node's disk, which none has: the pod would wait for ever",
            "a smaller maxBody, or fewer web.processes; large files go to the bucket directly",
        )
    body = app.spec.web.max_body
    if whole(body) < _LEAST_BODY:
        yield Refusal(
            ("web", "maxBody"),
            f"{body} is {_bytes(body)}: the edge or nginx would answer 413 to each form, or take"
            " bodies of any size",
            "e.g. maxBody: 20Mi",
        )


def _processes(app: App) -> Iterator[Refusal]:
    web = app.spec.web
    memory, least = whole(web.resources.memory), web.processes * _LEAST_OF_EACH
    each = memory // web.processes // MEBI
    if _LEAST_MEMORY <= memory < least:
        yield Refusal(
            ("web", "resources", "memory"),
            f"{web.resources.memory} is {f'{each}Mi' if each else 'less than 1Mi'} for each of"
            f" {web.processes} processes: the kernel would end the pod in the midst of requests",
            f"memory: {mebibytes(least)} at the very least, 40Mi for each is usual; or fewer"
            " web.processes",
        )


def _horizon(app: App) -> Iterator[Refusal]:
    for index, worker in enumerate(app.spec.workers):
        memory = worker.resources.memory
        if worker.horizon and _LEAST_MEMORY <= whole(memory) <= _OF_ONE_WORKER:
            yield Refusal(
                ("workers", index, "resources", "memory"),
                f"{memory} is for one worker, and Horizon's master and all its processes are in"
                " this pod: the kernel would end them in the midst of their jobs",
                "resources: {memory: ...}, for all of them: maxProcesses times memory of"
                " config/horizon.php for production, 10 of 128 in the stock one, and 192 for the"
                " masters, so 1472Mi; holdfast init computes it",
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
