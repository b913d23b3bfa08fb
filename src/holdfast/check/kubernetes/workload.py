"""What runs pods: Deployments and their like, their containers, how many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import msgspec

from holdfast.check.kubernetes.env import ContainerEnv, container_env
from holdfast.check.kubernetes.mounted_dotenv import with_dotenv
from holdfast.check.kubernetes.objects import (
    Object,
    Objects,
    get,
    items,
    same_namespace,
    text,
    whole,
    words,
)
from holdfast.manifests.place import Place

Path = tuple[str | int, ...]

POD_TEMPLATES: Final[Mapping[str, Path]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "Rollout": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
"""The kinds that run pods, and where in them the pod's template stands."""

ENDLESS: Final = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController",
                  "Rollout", "Pod")  # fmt: skip
"""Those that are to run for ever, unlike jobs."""

GRACE_SECONDS: Final = 30
"""``terminationGracePeriodSeconds`` where a pod says nothing (PodSpec v1 core)."""

KEDA_MOST: Final = 100
"""``maxReplicaCount`` where a ScaledObject says nothing (keda.sh/v1alpha1)."""


_EXECUTED: Final[tuple[Path, ...]] = (
    ("command",),
    ("args",),
    *((*at, "exec", "command") for at in (
        ("lifecycle", "postStart"), ("lifecycle", "preStop"),
        ("livenessProbe",), ("readinessProbe",), ("startupProbe",),
    )),
)  # fmt: skip
"""Where a container says what it may execute."""


class Scale(msgspec.Struct, frozen=True):
    """How many pods there are.

    Args:
        least, most: None for «as many as there are nodes».
        place: what says the most.
        by: the object that says it.
    """

    least: int | None
    most: int | None
    place: Place
    by: str

    @property
    def several(self) -> bool:
        """Whether more than one may run for long (a rolling update apart)."""
        return self.most is None or self.most > 1

    def __str__(self) -> str:
        """``3 replicas``, ``2 to 10 replicas``."""
        if self.most is None:
            return "one replica a node"
        if self.least == self.most:
            return f"{self.most} replica{'s' if self.most != 1 else ''}"
        return f"{self.least} to {self.most} replicas"


@dataclass(frozen=True, eq=False)
class Container:
    """A container of a workload.

    Args:
        workload: whose.
        path: to it, in the workload's object.
        body: of it.
        init: it runs before the others and ends (native sidecars, which do not, are none).
    """

    workload: Workload = field(repr=False)
    path: Path
    body: Mapping[str, Any] = field(repr=False)
    init: bool = False

    @cached_property
    def name(self) -> str:
        """Of the container."""
        return text(self.get("name"))

    @cached_property
    def image(self) -> str:
        """As it is written, tag or digest included."""
        return text(self.get("image"))

    @cached_property
    def command(self) -> tuple[str, ...]:
        """``command`` and ``args``, as one; empty where the image's own count."""
        return tuple(
            word for part in ("command", "args") for word in map(text, items(self.body, part))
        )

    @cached_property
    def env(self) -> ContainerEnv:
        """Its environment, as far as manifests say it."""
        objects = self.workload.objects
        return with_dotenv(self, container_env(self.workload.object, self.body, self.path, objects))

    def get(self, *path: str | int) -> Any:
        """What stands at a path of it."""
        return get(self.body, *path)

    def at(self, *path: str | int) -> Place:
        """Where that stands; of the nearest that is there otherwise."""
        return self.workload.object.at(*self.path, *path)

    def span(self, *path: str | int) -> tuple[int, int]:
        """First byte and the one behind the last, of a scalar that is there."""
        return self.workload.object.span(*self.path, *path)

    def texts(self) -> Iterator[tuple[str, Place]]:
        """All that it may execute: command, life cycle and probes, each with its place."""
        for word, path in self._texts:
            yield word, self.at(*path)

    def executes(self, part: str) -> bool:
        """Whether this is a part of anything that it may execute."""
        return any(part in word for word, _ in self._texts)

    @cached_property
    def _texts(self) -> tuple[tuple[str, Path], ...]:
        return tuple(
            (word, (*path, index))
            for path in _EXECUTED
            for index, word in enumerate(items(self.body, *path))
            if isinstance(word, str) and word
        )

    def mounts(self) -> Iterator[Mount]:
        """Its volume mounts, each with its volume."""
        for index, mount in enumerate(items(self.body, "volumeMounts")):
            name, path = text(get(mount, "name")), text(get(mount, "mountPath"))
            if name and path:
                yield Mount(
                    self, index, path, text(get(mount, "subPath")), self.workload.volume(name)
                )


@dataclass(frozen=True, eq=False)
class Volume:
    """A volume of a pod, or a claim template of a StatefulSet.

    Args:
        name: of it.
        kind: ``emptyDir``, ``persistentVolumeClaim``, ``configMap``, ...; ``volumeClaimTemplate``;
            empty where it is not defined.
        body: what stands below the kind.
        place: of its definition.
        claim: the PersistentVolumeClaim, where it is among the manifests; of a template its spec's
            owner.
    """

    name: str
    kind: str
    body: Any = field(repr=False)
    place: Place
    claim: Object | None = None

    @property
    def access_modes(self) -> tuple[str, ...] | None:
        """Of its claim; None where they are not known."""
        if self.kind == "volumeClaimTemplate":
            return tuple(map(text, items(self.body, "spec", "accessModes")))
        if self.claim is None:
            return None
        return tuple(map(text, items(self.claim.body, "spec", "accessModes")))


@dataclass(frozen=True, eq=False)
class Mount:
    """A volume mount of a container."""

    container: Container = field(repr=False)
    index: int
    path: str
    sub_path: str
    volume: Volume

    @property
    def place(self) -> Place:
        """Of the mount."""
        return self.container.at("volumeMounts", self.index)


@dataclass(frozen=True, eq=False)
class Workload:
    """An object that runs pods.

    Args:
        object: it.
        objects: what is deployed with it.
        template: where the pod's template stands.
    """

    object: Object
    objects: Objects = field(repr=False)
    template: Path

    @property
    def kind(self) -> str:
        """``Deployment``."""
        return self.object.kind

    @property
    def name(self) -> str:
        """Of the object."""
        return self.object.name

    @property
    def namespace(self) -> str:
        """Of the object; may be empty."""
        return self.object.namespace

    @cached_property
    def pod(self) -> Path:
        """Where the pod's spec stands."""
        return (*self.template, "spec")

    @cached_property
    def labels(self) -> Mapping[str, str]:
        """Of its pods."""
        return words(self.object.get(*self.template, "metadata", "labels"))

    @cached_property
    def annotations(self) -> Mapping[str, str]:
        """Of its pods."""
        return words(self.object.get(*self.template, "metadata", "annotations"))

    @property
    def endless(self) -> bool:
        """Whether its pods are to run for ever."""
        return self.kind in ENDLESS

    @property
    def grace_seconds(self) -> int:
        """How long a pod may take to stop."""
        said = whole(self.object.get(*self.pod, "terminationGracePeriodSeconds"))
        return GRACE_SECONDS if said is None else said

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Those that run, native sidecars among them."""
        sidecars = [c for c in self._listed("initContainers") if c.get("restartPolicy") == "Always"]
        return (*sidecars, *self._listed("containers"))

    @cached_property
    def init_containers(self) -> tuple[Container, ...]:
        """Those that run first and end."""
        return tuple(
            Container(self, c.path, c.body, init=True)
            for c in self._listed("initContainers")
            if c.get("restartPolicy") != "Always"
        )

    def _listed(self, part: str) -> list[Container]:
        path = (*self.pod, part)
        return [
            Container(self, (*path, index), body)
            for index, body in enumerate(items(self.object.body, *path))
            if isinstance(body, Mapping)
        ]

    def get(self, *path: str | int) -> Any:
        """What stands at a path of the pod's spec."""
        return self.object.get(*self.pod, *path)

    def at(self, *path: str | int) -> Place:
        """Where that stands; of the nearest that is there otherwise."""
        return self.object.at(*self.pod, *path)

    def volume(self, name: str) -> Volume:
        """A volume of its pods."""
        for index, body in enumerate(items(self.object.body, *self.pod, "volumes")):
            if get(body, "name") != name:
                continue
            at = self.at("volumes", index)
            kind = next((k for k in body if k != "name"), "emptyDir")
            claim = text(get(body, "persistentVolumeClaim", "claimName"))
            found = (
                self.objects.find("PersistentVolumeClaim", claim, self.namespace) if claim else None
            )
            return Volume(name, kind, body.get(kind), at, found)
        for index, body in enumerate(items(self.object.body, "spec", "volumeClaimTemplates")):
            if get(body, "metadata", "name") == name:
                at = self.object.at("spec", "volumeClaimTemplates", index)
                return Volume(name, "volumeClaimTemplate", body, at)
        return Volume(name, "", None, self.at("volumes"))

    @cached_property
    def scale(self) -> Scale:
        """How many pods there are, by what scales it or by what it says itself."""
        if self.kind == "DaemonSet":
            return Scale(None, None, self.object.at("kind"), str(self.object))
        for found in self.objects.scalers(self.name):
            if self._is(found, get(found.body, "spec", "scaleTargetRef")):
                keda = found.kind == "ScaledObject"
                least, most = (
                    ("minReplicaCount", "maxReplicaCount")
                    if keda
                    else ("minReplicas", "maxReplicas")
                )
                low, high = whole(found.get("spec", least)), whole(found.get("spec", most))
                return Scale(
                    (0 if keda else 1) if low is None else low,
                    KEDA_MOST if high is None else high,
                    found.at("spec", most),
                    str(found),
                )
        said = whole(self.object.get("spec", "replicas"))
        number = 1 if said is None or self.kind in ("Pod", "Job", "CronJob") else said
        return Scale(number, number, self.object.at("spec", "replicas"), str(self.object))

    def _is(self, scaler: Object, reference: Any) -> bool:
        return (
            get(reference, "name") == self.name
            and get(reference, "kind") in (self.kind, None)
            and (self.kind == "Deployment" or get(reference, "kind") is not None)
            and same_namespace(scaler.namespace, self.namespace)
        )

    @cached_property
    def services(self) -> tuple[Object, ...]:
        """The Services that send to its pods."""
        return tuple(
            service
            for service in self.objects.services(self.labels)
            if same_namespace(service.namespace, self.namespace)
        )

    def __str__(self) -> str:
        """``Deployment shop/web``."""
        return str(self.object)


def workloads(objects: Objects) -> tuple[Workload, ...]:
    """All that run pods."""
    return tuple(
        Workload(found, objects, template)
        for kind, template in POD_TEMPLATES.items()
        for found in objects.of(kind)
    )
