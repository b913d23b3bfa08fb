"""Whether users must meet the same pod again, and what makes them."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.check.facts.storage import FILE_DRIVERS, session_files, where_they_are
from holdfast.check.finding import Finding
from holdfast.check.kubernetes.edges import Affinity, Route
from holdfast.check.process import Process, Role
from holdfast.check.target import Target


def in_pods(process: Process) -> bool | None:
    """Whether each pod of a process has sessions that the others do not see.

    None where that cannot be told; ``cannot_be_told`` says what stands in the way.
    """
    if not process.settings.known("session.driver"):
        return None
    driver = process.settings.text("session.driver")
    if driver not in FILE_DRIVERS:
        return driver == "apc"
    kept = session_files(process)
    return None if kept is None else kept.of_one_pod


def cannot_be_told(process: Process) -> Finding:
    """What a rule says where ``in_pods`` is None."""
    return process.unknown("session.driver") or where_they_are(process)


def sticky(target: Target) -> Iterator[tuple[Process, Route, Affinity]]:
    """Every route to several pods of a web process that keeps users at one of them."""
    for process in target.processes(Role.WEB):
        for route, affinity in _sticky_to(target, process):
            yield process, route, affinity


def needed(target: Target) -> Iterator[tuple[Process, Route, Affinity] | Finding]:
    """Those of ``sticky`` whose users lose their sessions at another pod.

    Where it cannot be told whether they do, the finding that says so.
    """
    for process in target.processes(Role.WEB):
        found = _sticky_to(target, process)
        alone = in_pods(process) if found else False
        if alone is None:
            yield cannot_be_told(process)
        elif alone:
            yield from ((process, route, affinity) for route, affinity in found)


def _sticky_to(target: Target, process: Process) -> list[tuple[Route, Affinity]]:
    workload = process.workload
    if workload is None or not workload.scale.several:
        return []
    return [
        (route, route.affinity)
        for route in target.routes_to(workload)
        if route.affinity is not None
    ]


def lifetime(process: Process) -> int | None:
    """Seconds that a session lives without a request; None where that is not known."""
    said = process.settings.scalar("session.lifetime")
    try:
        minutes = int(said) if isinstance(said, int | float | str) else 0
    except ValueError:
        return None
    return minutes * 60 if minutes > 0 else None


def span(seconds: int) -> str:
    """A length of time, as people say it: ``3 hours``."""
    for unit, size in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= size and seconds % size == 0:
            number = seconds // size
            return f"{number} {unit}{'s' if number != 1 else ''}"
    return f"{seconds} second{'s' if seconds != 1 else ''}"
