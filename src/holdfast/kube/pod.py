"""Pods of the application: restricted, writable only where Laravel writes, spread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from holdfast.kube import identity, storage
from holdfast.kube.app import App, Object
from holdfast.kube.environment.application import maintenance_store
from holdfast.kube.environment.gather import environment_from
from holdfast.kube.mesh import pods as mesh
from holdfast.kube.objects import labels, present, selector, version
from holdfast.kube.spec.words import Resources

_WRITABLE = {
    "bootstrap-cache": "bootstrap/cache",
    "framework-cache": "storage/framework/cache",
    "framework-views": "storage/framework/views",
    "logs": "storage/logs",
}
"""Where Laravel writes, by the volume; not ``storage/framework/sessions``: sessions of a pod's own
are what all this is about."""


def security(*, add: Iterable[str] = ()) -> Object:
    """A container's part of the restricted Pod Security Standard; its root stays as it is.

    Args:
        add: capabilities; that standard lets NET_BIND_SERVICE through and no other.
    """
    return {
        "allowPrivilegeEscalation": False,
        "capabilities": present(add=list(add), drop=["ALL"]),
        "readOnlyRootFilesystem": True,
    }


def pod_security(user: int) -> Object:
    """A pod's part of it."""
    return {
        "fsGroup": user,
        "fsGroupChangePolicy": "OnRootMismatch",
        "runAsGroup": user,
        "runAsNonRoot": True,
        "runAsUser": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def resources(wanted: Resources, *, ephemeral: str = "256Mi") -> Object:
    """Requests and limits; the processor is not limited, or requests would wait for no reason."""
    return {
        "limits": {"ephemeral-storage": ephemeral, "memory": wanted.memory},
        "requests": {"cpu": wanted.cpu, "ephemeral-storage": ephemeral, "memory": wanted.memory},
    }


def _writable(app: App) -> dict[str, str]:
    """The places in the application where it may write, by the volume.

    ``artisan down`` keeps its word in a store that all replicas see, then writes a stub into
    storage/framework, and fails where it cannot (DownCommand.php). Where maintenance is a file it
    has to fail: one pod alone would be down.
    """
    if maintenance_store(app) is None:
        return _WRITABLE
    return {"framework": "storage/framework", **_WRITABLE}


def writable_mounts(app: App) -> list[Object]:
    """Where the application's containers may write; what holds others comes first."""
    places = {name: f"{app.spec.root}/{path}" for name, path in _writable(app).items()}
    places["tmp"] = "/tmp"  # noqa: S108 - the container's
    return [{"name": name, "mountPath": path} for name, path in places.items()]


def php_container(
    app: App,
    name: str,
    command: list[str],
    wanted: Resources,
    *,
    mounts: Iterable[Object] = (),
    env: Mapping[str, str] | None = None,
    ephemeral: str = "256Mi",
    capabilities: Iterable[str] = (),
    **fields: Any,
) -> Object:
    """A container of the application's image, with its configuration and the places it writes to.

    Args:
        command: words; there is no shell between Kubernetes and the process.
        mounts: more volumes.
        env: more variables.
        ephemeral: of the node's disk, what all that it writes may take.
        capabilities: that the image's program cannot be started without.
        fields: of the container: ports, probes, lifecycle; None is left out.
    """
    return present(
        name=name,
        image=app.spec.image,
        imagePullPolicy="IfNotPresent",
        command=command,
        workingDir=app.spec.root,
        env=[
            *({"name": key, "value": value} for key, value in sorted((env or {}).items())),
            {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
        ],
        envFrom=environment_from(app),
        volumeMounts=[*writable_mounts(app), *storage.mounts(app, name), *mounts],
        securityContext=security(add=capabilities),
        resources=resources(wanted, ephemeral=ephemeral),
        **fields,
    )


def prepare(app: App, wanted: Resources, *, caches: Iterable[str] = ("config",)) -> Object:
    """An init container that caches what this very pod's environment makes of the application.

    In the image it would be the build's environment that is cached (gotchas CFG-01). Where a cache
    cannot be made, the pod does not start, and this container's log says which and why. Packages
    are discovered by the way: PackageManifest.php builds its list where there is none.

    Args:
        caches: of artisan's commands ``NAME:cache``. Not views: they are compiled when they are
            asked for, and one that cannot be compiled would keep the pod from starting.
    """
    script = " && ".join(f"php artisan {name}:cache" for name in caches)
    return php_container(app, "prepare", ["/bin/sh", "-ec", script], wanted)


def pod_template(
    app: App,
    component: str,
    *,
    containers: list[Object],
    init_containers: Iterable[Object] = (),
    volumes: Iterable[Object] = (),
    grace: int,
    tmp: str = "128Mi",
    constraints: Iterable[Object] = (),
    annotations: Mapping[str, str] | None = None,
    restart_policy: str | None = None,
) -> Object:
    """The template of a pod of the application.

    Args:
        volumes: beside those that every such pod has.
        grace: seconds to stop.
        tmp: how much may be in ``/tmp``, where PHP keeps uploads while a request lasts.
        constraints: of topology, from ``spread``.
    """
    sizes = {**dict.fromkeys(_writable(app), "128Mi"), "bootstrap-cache": "32Mi", "tmp": tmp}
    # config.php has the Secret's values in it: it is never on the disk of a node.
    medium = {"bootstrap-cache": "Memory"}
    scratch = [
        {"name": name, "emptyDir": present(medium=medium.get(name), sizeLimit=size)}
        for name, size in sizes.items()
    ]
    return {
        "metadata": present(
            annotations={**mesh.pod_annotations(app, component), **(annotations or {})},
            labels={
                **labels(app, component),
                "app.kubernetes.io/version": version(app),
                **identity.pod_labels(app),
                **mesh.pod_labels(app, component),
            },
        ),
        "spec": present(
            serviceAccountName=app.name,
            automountServiceAccountToken=False,
            enableServiceLinks=False,
            imagePullSecrets=[{"name": name} for name in app.spec.pull_secrets],
            priorityClassName=app.spec.priority_class,
            restartPolicy=restart_policy,
            securityContext=pod_security(app.spec.user),
            terminationGracePeriodSeconds=grace,
            topologySpreadConstraints=list(constraints),
            initContainers=list(init_containers),
            containers=containers,
            volumes=[*scratch, *storage.volumes(app, component), *volumes],
        ),
    }


def spread(app: App, component: str) -> list[Object]:
    """Topology spread over zones and nodes, of one version at a time."""
    return [
        {
            "labelSelector": {"matchLabels": selector(app, component)},
            "matchLabelKeys": ["pod-template-hash"],
            "maxSkew": 1,
            "topologyKey": key,
            "whenUnsatisfiable": "ScheduleAnyway",
        }
        for key in ("topology.kubernetes.io/zone", "kubernetes.io/hostname")
    ]
