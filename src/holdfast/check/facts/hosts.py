"""Which hosts an application is served at, and which of them a cookie reaches."""

from __future__ import annotations

from holdfast.check.kubernetes.edges import Route
from holdfast.check.process import Process
from holdfast.check.target import Target


def hosts_of(target: Target, process: Process) -> dict[str, Route]:
    """The hosts that lead to a process, each with the route that says so; those of any host left
    out.
    """
    if process.workload is None:
        return {}
    return {route.host: route for route in target.routes_to(process.workload) if route.host}


def covers(domain: str, host: str) -> bool:
    """Whether a browser takes a cookie of that domain at a host (RFC 6265, 5.1.3).

    A host with ``*.`` counts as covered where one below it may be.
    """
    wanted, given = domain.strip().lower().removeprefix("."), host.lower()
    if given.startswith("*."):
        given = given[2:]
        if wanted.endswith("." + given):
            return True
    return given == wanted or given.endswith("." + wanted)
