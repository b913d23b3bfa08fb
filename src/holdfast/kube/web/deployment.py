"""Manifests: the replicas that answer requests."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube import storage
from holdfast.kube.app import App, Decision, Object
from holdfast.kube.objects import config_map, metadata, named, present, selector
from holdfast.kube.pod import pod_template, spread
from holdfast.kube.timing import web_grace
from holdfast.kube.web import fpm_nginx
from holdfast.kube.web.service import service


def objects(app: App) -> Iterator[Object]:
    """Configuration, pods, and how they are reached."""
    config = config_map(app, named(app, "web"), "web", fpm_nginx.files(app))
    yield config
    yield service(app)
    yield deployment(app, config["metadata"]["name"])


def deployment(app: App, config: str) -> Object:
    """The Deployment.

    Args:
        config: the name of the ConfigMap of its servers.
    """
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(app, named(app, "web"), "web"),
        "spec": present(
            replicas=app.spec.web.min,
            minReadySeconds=5,
            progressDeadlineSeconds=600,
            revisionHistoryLimit=5,
            selector={"matchLabels": selector(app, "web")},
            strategy=_strategy(app),
            template=pod_template(
                app,
                "web",
                init_containers=fpm_nginx.init_containers(app),
                containers=fpm_nginx.containers(app),
                volumes=[
                    {"name": "config", "configMap": {"name": config, "defaultMode": 0o444}},
                    *fpm_nginx.volumes(app),
                ],
                grace=web_grace(app),
                tmp=fpm_nginx.temporary(app),
                constraints=spread(app, "web"),
            ),
        ),
    }


def _strategy(app: App) -> Object:
    """A new pod first, but where both would wait for one volume."""
    if storage.exclusive(app):
        return {"type": "Recreate"}
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
    }


def decisions(app: App) -> Iterator[Decision]:
    """None yet."""
    yield from ()
