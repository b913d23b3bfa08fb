"""Manifests: the replicas that answer requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from holdfast.kube import accepted, storage
from holdfast.kube.app import App, Decision, Object
from holdfast.kube.objects import config_map, metadata, named, present, selector
from holdfast.kube.pod import pod_template, spread
from holdfast.kube.spec.web import Runtime as Name
from holdfast.kube.timing import web_grace
from holdfast.kube.web import disk, fpm_nginx, frankenphp, octane
from holdfast.kube.web.autoscaling import autoscaler, scaled
from holdfast.kube.web.disruption import budget
from holdfast.kube.web.explained import explained
from holdfast.kube.web.service import service
from holdfast.kube.workers import migrations, stop


class Runtime(Protocol):
    """A module: what runs in a web pod."""

    def files(self, app: App) -> dict[str, str]:
        """Configuration of its servers, by the name of the file in /etc/holdfast."""

    def init_containers(self, app: App) -> list[Object]:
        """What runs before."""

    def containers(self, app: App) -> list[Object]:
        """The one named ``php`` runs the application; one has the port named ``http``."""

    def volumes(self, app: App) -> list[Object]:
        """Beside those that every pod of the application has."""


_RUNTIMES: dict[Name, Runtime] = {
    "fpm-nginx": fpm_nginx,
    "frankenphp": frankenphp,
    "octane": octane,
}


def objects(app: App) -> Iterator[Object]:
    """Configuration, pods, and how they are reached and scaled."""
    runtime = _RUNTIMES[app.spec.web.runtime]
    config = config_map(app, named(app, "web"), "web", runtime.files(app))
    yield config
    yield service(app)
    yield deployment(app, runtime, config["metadata"]["name"])
    yield budget(app)
    yield from autoscaler(app)


def deployment(app: App, runtime: Runtime, config: str) -> Object:
    """The Deployment.

    Args:
        config: the name of the ConfigMap of the servers.
    """
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(app, named(app, "web"), "web", annotations=accepted.allowances(app)),
        "spec": present(
            replicas=None if scaled(app) else app.spec.web.min,
            minReadySeconds=5,
            progressDeadlineSeconds=600,
            revisionHistoryLimit=5,
            selector={"matchLabels": selector(app, "web")},
            strategy=_strategy(app),
            template=pod_template(
                app,
                "web",
                init_containers=[*runtime.init_containers(app), *migrations.init_containers(app)],
                containers=runtime.containers(app),
                volumes=[
                    {"name": "config", "configMap": {"name": config, "defaultMode": 0o444}},
                    *runtime.volumes(app),
                ],
                grace=web_grace(app),
                annotations=stop.stays(web_grace(app)),
                tmp=disk.temporary(app),
                constraints=spread(app, "web"),
            ),
        ),
    }


def _strategy(app: App) -> Object:
    """A new pod is ready before an old one goes, but where two of them cannot have the volume."""
    if storage.exclusive(app):
        return {"type": "Recreate"}
    return {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0}}


def decisions(app: App) -> Iterator[Decision]:
    """What was decided about web pods."""
    yield from explained(app)
