"""Manifests: migrations, once before a version runs.

One Job, named after all that it is made of: another image or another configuration is another Job,
since one that is there cannot be changed. Nobody waits for it in a cluster. Pods that did could not
start while the database is away, and a rollback would wait for migrations of a version that is not
there; web pods of the old version answer until the new ones are ready in any case. So it is ordered
from outside: files are applied in their order and ``kubectl wait`` stands between, Argo CD goes by
waves (``kube/order.py``). Migrations add before they take away: the old version still runs.

``--isolated`` takes a lock in the cache for an hour, and a command that finds it taken ends well
without having done anything (Illuminate/Console/Command.php, ``execute``): a Job whose pod was
killed would succeed at its second try and migrate nothing. With ``--isolated=1`` it fails. And the
lock is in the cache's table where the cache is the database, which the first migration has yet to
make (serversideup/docker-php issue 627, exaco/laravel-docktane pull request 131). So it is used
where the cache is elsewhere and shared; it is the second safety, the Job is the first.
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube import storage
from holdfast.kube.app import App, Decision, Object
from holdfast.kube.objects import digest, metadata, named
from holdfast.kube.pod import php_container, pod_template
from holdfast.kube.spec.workers import Migrations
from holdfast.kube.workers import stop

COMPONENT = "migrate"
KEPT = 86_400
"""Seconds that a finished Job stays to be looked at."""
_SHARED_LOCKS = ("redis", "memcached", "dynamodb")


def isolated(app: App) -> bool:
    """Whether a lock keeps two versions' migrations apart.

    The option came within 9.x; a version that does not know it would not migrate at all.
    """
    return app.spec.laravel >= 10 and app.spec.cache.store in _SHARED_LOCKS


def command(app: App) -> list[str]:
    """What migrates."""
    return [
        *("php", "artisan", "migrate", "--force"),
        *(["--isolated=1"] if isolated(app) else []),
    ]


def in_the_pod(app: App) -> bool:
    """Whether the web pod migrates before it serves: SQLite's file is on a volume that it alone
    has.
    """
    return app.spec.migrations is not None and storage.database(app) is not None


def init_containers(app: App) -> list[Object]:
    """Of the web pod, after its configuration is cached."""
    if app.spec.migrations is None or not in_the_pod(app):
        return []
    return [php_container(app, COMPONENT, command(app), app.spec.migrations.resources)]


def objects(app: App) -> Iterator[Object]:
    """The Job."""
    if app.spec.migrations is None or in_the_pod(app):
        return
    spec = _spec(app, app.spec.migrations)
    name = f"{named(app, COMPONENT)}-{digest(spec)}"
    annotations = {
        "argocd.argoproj.io/hook": "Sync",
        "argocd.argoproj.io/hook-delete-policy": "BeforeHookCreation",
    }
    yield {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata(app, name, COMPONENT, annotations=annotations),
        "spec": spec,
    }


def _spec(app: App, migrations: Migrations) -> Object:
    container = php_container(app, COMPONENT, command(app), migrations.resources)
    return {
        "activeDeadlineSeconds": migrations.longest,
        "backoffLimit": 2,
        # Whoever took the node away says nothing about the migration.
        "podFailurePolicy": {
            "rules": [
                {
                    "action": "Ignore",
                    "onPodConditions": [{"status": "True", "type": "DisruptionTarget"}],
                }
            ]
        },
        "template": pod_template(
            app,
            COMPONENT,
            containers=[container],
            # What a drain meets is finished; a table that is half altered helps nobody.
            grace=migrations.longest,
            annotations=stop.STAYS,
            restart_policy="Never",
        ),
        "ttlSecondsAfterFinished": KEPT,
    }


def decisions(app: App) -> Iterator[Decision]:
    """Who migrates."""
    if app.spec.migrations is None:
        yield Decision("migrations", "none", "migrations is null: somebody else migrates")
        return
    if in_the_pod(app):
        yield Decision(
            "migrations",
            "in the web pod, before it serves",
            "SQLite's file is on a volume that this pod alone has, so nobody else migrates",
        )
        return
    if isolated(app):
        yield Decision(
            "migrations",
            "one Job for each image and configuration, under a lock in the cache",
            "pods that migrate at their start do it several at a time",
        )
        return
    yield Decision(
        "migrations",
        "one Job for each image and configuration, without --isolated",
        "pods that migrate at their start do it several at a time. The lock of --isolated would be"
        + (
            " in a table that the first migration has yet to make"
            if app.spec.cache.store == "database"
            else " one that not every release of this version has"
            if app.spec.cache.store in _SHARED_LOCKS
            else " the pod's own"
        ),
    )
