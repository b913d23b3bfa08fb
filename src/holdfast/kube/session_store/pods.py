"""Pods of the store: restricted, writable only where they must be, spread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from holdfast.kube.app import App, Object
from holdfast.kube.mesh import pods as mesh
from holdfast.kube.objects import labels, metadata, named, present, selector
from holdfast.kube.pod import pod_security
from holdfast.kube.session_store.choice import SERVERS


def template(
    app: App,
    component: str,
    *,
    config: str,
    user: int,
    containers: list[Object],
    init_containers: list[Object],
    grace: int,
    volumes: Iterable[Object] = (),
) -> Object:
    """The template of a pod of the store.

    Args:
        config: the ConfigMap of its volume ``config``; other content is another name, so pods roll.
        user: who its containers run as.
        grace: seconds to stop.
        volumes: beside ``config`` and ``run``, which is in memory.
    """
    return {
        "metadata": present(
            annotations=mesh.pod_annotations(app, component),
            labels={**labels(app, component), **mesh.pod_labels(app, component)},
        ),
        "spec": present(
            serviceAccountName=named(app, SERVERS),
            automountServiceAccountToken=False,
            enableServiceLinks=False,
            imagePullSecrets=[{"name": name} for name in app.spec.pull_secrets],
            priorityClassName=app.spec.priority_class,
            securityContext=pod_security(user),
            terminationGracePeriodSeconds=grace,
            topologySpreadConstraints=_spread(app, component),
            initContainers=init_containers,
            containers=containers,
            volumes=[
                {"name": "config", "configMap": {"name": config}},
                {"name": "run", "emptyDir": {"medium": "Memory", "sizeLimit": "1Mi"}},
                *volumes,
            ],
        ),
    }


def _spread(app: App, component: str) -> list[Object]:
    """Over zones if that can be had, and over nodes.

    A node that is being drained does not count as one without pods (``nodeTaintsPolicy``): the pod
    that was there may go to a node that has one already, in place of waiting.
    """
    chosen = {"labelSelector": {"matchLabels": selector(app, component)}, "maxSkew": 1}
    return [
        {
            **chosen,
            "topologyKey": "topology.kubernetes.io/zone",
            "whenUnsatisfiable": "ScheduleAnyway",
        },
        {
            **chosen,
            "nodeTaintsPolicy": "Honor",
            "topologyKey": "kubernetes.io/hostname",
            "whenUnsatisfiable": "DoNotSchedule",
        },
    ]


def service(
    app: App, name: str, component: str, ports: Mapping[str, int], *, headless: bool = False
) -> Object:
    """A Service of the store; ports by the names that containers give them.

    A headless one names pods that are not ready, too: they have to find each other to become so.
    """
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(app, name, component),
        "spec": present(
            type="ClusterIP",
            clusterIP="None" if headless else None,
            publishNotReadyAddresses=True if headless else None,
            selector=selector(app, component),
            ports=[
                {
                    "appProtocol": "http" if port_name == "metrics" else "tcp",
                    "name": port_name,
                    "port": number,
                    "protocol": "TCP",
                    "targetPort": port_name,
                }
                for port_name, number in ports.items()
            ],
        ),
    }


def budget(app: App, component: str) -> Object:
    """One pod at a time may be taken away; one that is broken always.

    Where there is only one, it allows drains too: a node that cannot be drained is worse than the
    seconds in which the volume moves.
    """
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata(app, named(app, component), component),
        "spec": {
            "maxUnavailable": 1,
            "selector": {"matchLabels": selector(app, component)},
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }


def claim(app: App, component: str, size: str, storage_class: str | None) -> Object:
    """The template of a volume named ``data``."""
    return {
        # Of a claim that a StatefulSet makes, labels can never be changed: only those that stay.
        "metadata": {"name": "data", "labels": selector(app, component)},
        "spec": present(
            accessModes=["ReadWriteOnce"],
            resources={"requests": {"storage": size}},
            storageClassName=storage_class,
        ),
    }


def stateful_set(
    app: App,
    component: str,
    *,
    replicas: int,
    service_name: str,
    pod: Object,
    volume: Object,
) -> Object:
    """A StatefulSet whose volumes outlive it, and that can be scaled from one to several.

    Args:
        service_name: the headless Service by which its pods have names.
        pod: the template.
        volume: the template of its claim.
    """
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": metadata(app, named(app, component), component),
        "spec": {
            "persistentVolumeClaimRetentionPolicy": {
                "whenDeleted": "Retain",
                "whenScaled": "Retain",
            },
            # Whoever comes first after all were gone may have to wait for the one that was the
            # master. Of one alone too: it can never be changed, and one may become several.
            "podManagementPolicy": "Parallel",
            "replicas": replicas,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": selector(app, component)},
            "serviceName": service_name,
            "template": pod,
            "updateStrategy": {"type": "RollingUpdate"},
            "volumeClaimTemplates": [volume],
        },
    }
