"""What rendered objects say of themselves, for those who watch or guard all of them.

The mesh and the monitoring ask the objects, not the specification: what they say of a port or a
claim cannot differ from what is deployed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from holdfast.kube.app import Object

COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True)
class Pods:
    """The pods of one workload.

    Args:
        kind, name: of the workload.
        component: the label that all of them carry.
        ports: number by name, of all their containers.
    """

    kind: str
    name: str
    component: str
    ports: dict[str, int]


def of_kind(objects: Iterable[Object], kind: str) -> list[Object]:
    """The objects of a kind."""
    return [item for item in objects if item["kind"] == kind]


def names(objects: Iterable[Object], kind: str) -> list[str]:
    """Their names, sorted."""
    return sorted(item["metadata"]["name"] for item in of_kind(objects, kind))


def pods(objects: Iterable[Object]) -> Iterator[Pods]:
    """All workloads that make pods."""
    for item in objects:
        template = _template(item)
        if template is None:
            continue
        spec = template["spec"]
        containers = [*spec.get("initContainers", []), *spec["containers"]]
        yield Pods(
            item["kind"],
            item["metadata"]["name"],
            template["metadata"]["labels"][COMPONENT],
            {
                port["name"]: port["containerPort"]
                for container in containers
                for port in container.get("ports", [])
            },
        )


def _template(item: Object) -> Object | None:
    match item["kind"]:
        case "Deployment" | "StatefulSet" | "Job":
            template: Object = item["spec"]["template"]
        case "CronJob":
            template = item["spec"]["jobTemplate"]["spec"]["template"]
        case _:
            return None
    return template
