"""A whole pod: from a template and what it refers to, to processes that serve."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from holdfast.core.errors import EnvironmentLacking
from holdfast.servers.pods import volumes
from holdfast.servers.pods.container import Container
from holdfast.servers.pods.sandbox import Image, Mount
from holdfast.servers.pods.variables import environment
from holdfast.servers.pods.volumes import Object
from holdfast.servers.ports import LOOPBACK, accepts
from holdfast.servers.process import Process

INIT_SECONDS = 60.0
"""How long an init container may take."""

_POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod whose volumes are made and whose containers are ready to be started.

    Args:
        spec: of the pod template.
        init_containers, containers: in their order.
    """

    spec: Object
    init_containers: tuple[Container, ...]
    containers: tuple[Container, ...]

    @property
    def grace(self) -> float:
        """Seconds from the beginning of a stop to SIGKILL."""
        return float(self.spec.get("terminationGracePeriodSeconds", 30))

    def initialise(self) -> None:
        """Run its init containers, one after the other.

        Raises:
            EnvironmentLacking: one fails or takes too long; quotes its last line.
        """
        for container in self.init_containers:
            with container.start() as process:
                deadline = time.monotonic() + INIT_SECONDS
                while process.running and time.monotonic() < deadline:
                    time.sleep(_POLL_SECONDS)
            if process.exit_status != 0:
                raise EnvironmentLacking(
                    f"init container {container.name} ended with {process.exit_status}:"
                    f" {process.last_line()}"
                )


def prepare(
    template: Object,
    objects: Iterable[Object],
    directory: Path,
    image: Callable[[Object], Image],
    *,
    fields: Mapping[str, str],
) -> Pod:
    """Make a pod's volumes and put its containers together; nothing is started.

    Args:
        template: metadata and spec.
        objects: where its ConfigMaps and Secrets are.
        directory: an existing, empty one, the pod's own.
        image: what a container's image is here.
        fields: of the downward API.

    Raises:
        UsageError: what it refers to is not there.
    """
    spec, among = template["spec"], list(objects)
    made = volumes.make(spec, among, directory)
    security = spec.get("securityContext", {})

    def put_together(manifest: Object) -> Container:
        here = image(manifest)
        own = {**security, **manifest.get("securityContext", {})}
        return Container(
            manifest,
            here,
            [_mount(mount, made) for mount in manifest.get("volumeMounts", ())],
            environment(manifest, among, image=here.environment, fields=fields),
            own.get("runAsUser", 0),
            own.get("runAsGroup", 0),
            directory,
        )

    return Pod(
        spec,
        tuple(put_together(one) for one in spec.get("initContainers", ())),
        tuple(put_together(one) for one in spec["containers"]),
    )


def _mount(mount: Object, made: Mapping[str, Path]) -> Mount:
    source = made[mount["name"]]
    if "subPath" in mount:
        source = source / mount["subPath"]
        if not source.exists():
            source.mkdir(parents=True)
            source.chmod(0o777)
    return Mount(mount["mountPath"], source, bool(mount.get("readOnly")))


def passes(container: Container, process: Process, probe: Object) -> bool:
    """Whether a probe of a running container succeeds now."""
    seconds = float(probe.get("timeoutSeconds", 1))
    if "exec" in probe:
        return container.execute(process, probe["exec"]["command"], seconds) == 0
    if "tcpSocket" in probe:
        return accepts(_port(container, probe["tcpSocket"]["port"]))
    asked = probe["httpGet"]
    headers = {one["name"]: one["value"] for one in asked.get("httpHeaders", ())}
    connection = HTTPConnection(LOOPBACK, _port(container, asked["port"]), timeout=seconds)
    try:
        connection.request("GET", asked.get("path", "/"), headers=headers)
        return 200 <= connection.getresponse().status < 400
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _port(container: Container, port: int | str) -> int:
    if isinstance(port, int):
        return port
    ports = container.manifest.get("ports", ())
    return int(next(one["containerPort"] for one in ports if one.get("name") == port))
