"""Everything that rules see: what is deployed together, and the applications in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from holdfast.check.kubernetes.edges import Route, routes
from holdfast.check.kubernetes.network import Policies
from holdfast.check.kubernetes.objects import Objects, grouped, same_namespace
from holdfast.check.kubernetes.stores.reach import Stores, stores_of
from holdfast.check.repository import Repository

if TYPE_CHECKING:
    from holdfast.check.kubernetes.workload import Workload
    from holdfast.check.process import Process, Role
    from holdfast.manifests.unreadable import Unreadable
    from holdfast.project.directory import Directory


@dataclass(frozen=True, eq=False)
class App:
    """One Laravel application: its code, and what runs it.

    Args:
        name: what people are shown: its directory, or the namespace of its manifests.
        directory: its project; None where only manifests are known.
        prefix: what stands before the names of the project's files when they are shown.
        processes: filled by whoever makes it.
    """

    name: str
    directory: Directory | None = field(default=None, repr=False)
    prefix: str = ""
    processes: list[Process] = field(default_factory=list, repr=False)

    @cached_property
    def containers_of(self) -> Counter[int]:
        """How many containers of a workload run it, by the workload's ``id()``."""
        return Counter(id(process.workload) for process in self.processes)


@dataclass(frozen=True, eq=False)
class Target:
    """What is judged together.

    Args:
        name: the directory that tells it apart; empty where all is one.
        objects: the Kubernetes objects.
        apps: the Laravel applications.
        unreadable: files that look like manifests and cannot be read.
        files: the bytes of every file that was read, by the name that is shown.
        repository: images, pipelines and servers; the same for all targets of a run.
        workloads: all that run pods, Laravel's or not; those of the apps are among them.
    """

    name: str
    objects: Objects
    apps: tuple[App, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    repository: Repository = field(default=Repository(), repr=False)
    workloads: tuple[Workload, ...] = field(default=(), repr=False)

    @cached_property
    def routes(self) -> tuple[Route, ...]:
        """All ways from a host to a Service."""
        return routes(self.objects)

    def routes_to(self, workload: Workload) -> tuple[Route, ...]:
        """Those that lead to a workload's pods."""
        return self._routes_by_workload[id(workload)]

    @cached_property
    def _routes_by_workload(self) -> Mapping[int, tuple[Route, ...]]:
        return {
            id(workload): tuple(
                route
                for service in workload.services
                for route in self._routes_by_service.get(service.name, ())
                if same_namespace(route.service[0], service.namespace)
            )
            for workload in self.workloads
        }

    @cached_property
    def _routes_by_service(self) -> Mapping[str, list[Route]]:
        services: dict[str, list[Route]] = {}
        for route in self.routes:
            services.setdefault(route.service[1], []).append(route)
        return services

    @cached_property
    def stores(self) -> Stores:
        """The servers that can keep sessions."""
        return stores_of(self.objects, self.workloads)

    @cached_property
    def policies(self) -> Policies:
        """Who may connect to which pods."""
        return Policies(self.objects)

    def processes_of(self, workload: Workload) -> tuple[Process, ...]:
        """Laravel's processes in the pods of a workload."""
        return self._processes_by_workload.get(id(workload), ())

    @cached_property
    def _processes_by_workload(self) -> Mapping[int, tuple[Process, ...]]:
        return grouped((id(process.workload), process) for process in self.processes())

    def processes(self, *roles: Role) -> Iterator[Process]:
        """Laravel's processes, of some roles or of all."""
        for app in self.apps:
            for process in app.processes:
                if not roles or process.role in roles:
                    yield process
