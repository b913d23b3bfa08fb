"""How users' requests reach the pods of a workload, and how its pods leave."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

import msgspec

from holdfast.check.kubernetes.data import Variable
from holdfast.check.kubernetes.objects import get, items, text, whole
from holdfast.check.kubernetes.workload import Container, Workload
from holdfast.check.process import Role
from holdfast.check.sources.shell import SHELLS
from holdfast.check.target import Target

GRACE: Final = "terminationGracePeriodSeconds"
"""Of a pod: the seconds that it may take to stop."""

ROLLING: Final = ("Deployment", "Rollout", "StatefulSet", "DaemonSet")
"""Kinds whose pods are replaced by new ones while users are there."""

WEB_SERVER: Final = re.compile(r"nginx|openresty|caddy|httpd|apache", re.IGNORECASE)
"""What a container is called that answers HTTP for another one."""

_SLEEP: Final = re.compile(r"(?:^|[\s;&|(/])sleep\s+([0-9]+)(s|m)?(?=$|[\s;&|)])")


class PreStop(msgspec.Struct, frozen=True):
    """What a container does before it is told to stop.

    Args:
        seconds: that it surely takes, by ``sleep``.
        known: whether it takes no longer than that.
    """

    seconds: int
    known: bool


def pre_stop(container: Container) -> PreStop | None:
    """Its ``preStop`` hook; None where it has none."""
    hook = container.get("lifecycle", "preStop")
    if not isinstance(hook, dict) or not hook:
        return None
    slept = whole(get(hook, "sleep", "seconds"))
    if slept is not None:
        return PreStop(slept, known=True)
    command = [text(word) for word in items(hook, "exec", "command")]
    seconds = sum(
        int(number) * (60 if unit == "m" else 1)
        for number, unit in _SLEEP.findall(" ".join(command))
    )
    return PreStop(seconds, known=bool(command) and _only_sleeps(command))


def sleeping(seconds: int) -> str:
    """The hint for a hook that only waits."""
    return (
        f"lifecycle: {{preStop: {{sleep: {{seconds: {seconds}}}}}}}; before Kubernetes 1.30"
        f' {{exec: {{command: [sleep, "{seconds}"]}}}}'
    )


def front(workload: Workload) -> Container | None:
    """The container that a Service's requests reach; None where that cannot be told."""
    containers = workload.containers
    for service in workload.services:
        for port in items(service.body, "spec", "ports"):
            wanted = get(port, "targetPort")
            wanted = get(port, "port") if wanted is None else wanted
            for container in containers:
                if wanted in _ports(container):
                    return container
    named = [c for c in containers if WEB_SERVER.search(f"{c.name} {c.image}")]
    for only in (containers, named):
        if len(only) == 1:
            return only[0]
    return None


def serves(workload: Workload | None) -> bool:
    """Whether a Service sends requests to its pods, which a rollout replaces."""
    return workload is not None and workload.kind in ROLLING and bool(workload.services)


def web_workloads(target: Target) -> tuple[Workload, ...]:
    """Those that run Laravel for users, to whose pods a Service sends; each once."""
    found = (process.workload for process in target.processes(Role.WEB))
    return tuple(dict.fromkeys(w for w in found if w is not None and serves(w)))


def mounted(workload: Workload) -> Iterator[Variable]:
    """The files that its containers mount from ConfigMaps: configuration of servers, mostly."""
    names = {
        text(get(mount.volume.body, "name"))
        for container in workload.containers
        for mount in container.mounts()
        if mount.volume.kind == "configMap"
    }
    for name in sorted(names - {""}):
        if found := workload.objects.find("ConfigMap", name, workload.namespace):
            yield from found.values.values()


def recreates(workload: Workload) -> bool:
    """Whether all old pods are gone before a new one starts."""
    return text(workload.object.get("spec", "strategy", "type")) == "Recreate"


def _ports(container: Container) -> list[Any]:
    return [
        value
        for port in items(container.body, "ports")
        for value in (get(port, "containerPort"), get(port, "name"))
        if value is not None
    ]


def _only_sleeps(command: Sequence[str]) -> bool:
    script = command[-1] if command[0].rpartition("/")[2] in SHELLS else ""
    return bool(re.fullmatch(r"\s*(\S*/)?sleep\s+[0-9]+[sm]?\s*", script or " ".join(command)))
