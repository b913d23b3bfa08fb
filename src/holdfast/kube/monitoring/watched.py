"""The names of what is watched.

They are worked out from the specification; rendering everything a second time to look them up would
take as long as rendering it. A test holds them against what is rendered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from holdfast.kube import storage
from holdfast.kube.app import App
from holdfast.kube.objects import named
from holdfast.kube.session_store.choice import PROXY, SENTINELS, SERVERS, components, rendered_redis
from holdfast.kube.spec.session import OperatorRedis
from holdfast.kube.web import autoscaling as web
from holdfast.kube.workers import groups, migrations, scheduler


@dataclass(frozen=True)
class Watched:
    """What there is, by name.

    Args:
        deployments: of the application.
        proxies: Deployments of the store.
        stateful_sets: of the store; each pod of theirs has a claim named ``data``.
        autoscalers: HorizontalPodAutoscalers, KEDA's too.
        scaled_objects: KEDA's own objects.
        cron_jobs: that run each minute.
        migrations: how the names of Jobs begin, without the hash.
        claims: of the application's own volumes.
    """

    deployments: tuple[str, ...]
    proxies: tuple[str, ...]
    stateful_sets: tuple[str, ...]
    autoscalers: tuple[str, ...]
    scaled_objects: tuple[str, ...]
    cron_jobs: tuple[str, ...]
    migrations: tuple[str, ...]
    claims: tuple[str, ...]


def watched(app: App) -> Watched:
    """What there is of an application."""
    spec = app.spec
    ours = () if isinstance(rendered_redis(app), OperatorRedis) else components(app)
    timed = (named(app, scheduler.COMPONENT),) if spec.scheduler is not None else ()
    process = spec.scheduler is not None and spec.scheduler.mode == "process"
    counted = tuple(_counted(app))
    return Watched(
        deployments=(
            named(app, "web"),
            *(named(app, groups.component(worker)) for worker in spec.workers),
            *(timed if process else ()),
        ),
        proxies=tuple(named(app, part) for part in ours if part == PROXY),
        stateful_sets=tuple(named(app, part) for part in ours if part in (SERVERS, SENTINELS)),
        autoscalers=(
            *((named(app, "web"),) if web.scaled(app) else ()),
            *_by_processor(app),
            # controllers/keda/hpa.go of KEDA 2.20
            *(f"keda-hpa-{name}" for name in counted),
        ),
        scaled_objects=counted,
        cron_jobs=() if process else timed,
        migrations=(named(app, migrations.COMPONENT),) if spec.migrations is not None else (),
        claims=tuple(
            volume["persistentVolumeClaim"]["claimName"]
            for volume in storage.volumes(app, "web")
            if "persistentVolumeClaim" in volume
        ),
    )


def _counted(app: App) -> Iterator[str]:
    for worker in app.spec.workers:
        if worker.scale_on.jobs is not None:
            yield named(app, groups.component(worker))


def _by_processor(app: App) -> Iterator[str]:
    for worker in app.spec.workers:
        if worker.scale_on.jobs is None and worker.scale_on.cpu is not None:
            yield named(app, groups.component(worker))
