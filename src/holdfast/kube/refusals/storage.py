"""What is refused of storage."""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube import storage
from holdfast.kube.app import App
from holdfast.kube.environment.queue import sqs_region
from holdfast.kube.environment.storage import default_disk
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.spec.storage import Volume

_AT = ("storage", "uploads")
_VOLUME = (*_AT, "volume")


def refusals(app: App) -> Iterator[Refusal]:
    """Of uploads, their volume and its place, and of Livewire's."""
    uploads = app.spec.storage.uploads
    if uploads is not None:
        given = [
            name for name in ("s3", "gcs", "azure", "volume") if getattr(uploads, name) is not None
        ]
        if len(given) != 1:
            yield Refusal(
                _AT,
                f"uploads go to one place, and here are {' and '.join(given) or 'none'}",
                "one of s3, gcs, azure, volume",
            )
    yield from _aws(app)
    if (volume := storage.volume(app)) is not None:
        yield from _volume(app, volume)
    yield from _path(app)
    yield from _files_of_one_pod(app)


def _several(app: App) -> bool:
    return (app.spec.web.max or app.spec.web.min) > 1


def _aws(app: App) -> Iterator[Refusal]:
    """Stock Laravel has one region and one identity for all of AWS."""
    uploads, store, queue = app.spec.storage.uploads, app.spec.session.store, app.spec.queue
    s3 = uploads.s3 if uploads else None
    if s3 is None:
        return
    table = store.dynamodb if store else None
    if table is not None and s3.role and table.role and s3.role != table.role:
        yield Refusal(
            (*_AT, "s3", "role"),
            "pods have one service account, and it has one role; session.store.dynamodb names"
            f" {table.role}",
            "one role that may use both",
        )
    others = {
        "sessions (session.store.dynamodb)": table.region if table else "",
        "queues (queue.sqsQueueUrl)": sqs_region(queue.sqs_queue_url or ""),
    }
    for what, region in others.items():
        if region and region != s3.region:
            yield Refusal(
                (*_AT, "s3", "region"),
                f"{what} are in {region}, and stock Laravel reads AWS_DEFAULT_REGION for both",
                f"region: {region}, with a bucket there",
            )


def _volume(app: App, volume: Volume) -> Iterator[Refusal]:
    if volume.claim is not None and volume.storage_class is not None:
        yield Refusal(
            (*_VOLUME, "storageClass"),
            f"the claim {volume.claim} is there and has a class already",
            "storageClass for a new claim, claim for one that is there",
        )
    if volume.access == "ReadWriteMany":
        yield from _locked(app)
        if volume.claim is None and volume.storage_class is None:
            yield Refusal(
                _VOLUME,
                "the cluster's default class is one of block devices as a rule, which no two nodes"
                " can have, and the claim would wait for ever",
                "storageClass: that of a network file system (EFS, Filestore, Azure Files, CephFS)",
            )
        return
    way_out = "access: ReadWriteMany with the storageClass of a network file system, or s3"
    sharing = {
        ("web", "max"): "other replicas" if _several(app) else "",
        ("workers",): "workers" if app.spec.workers else "",
        ("scheduler",): "the scheduler" if app.spec.scheduler else "",
    }
    for path, who in sharing.items():
        if who:
            yield Refusal(
                (*_VOLUME, "access"),
                f"{who} ({'.'.join(path)}) would wait for ever: one node alone can have a volume"
                " that is ReadWriteOnce",
                way_out,
            )


def _locked(app: App) -> Iterator[Refusal]:
    """What has to be on a disk of one node, and is on the volume or beside it."""
    at = (*_VOLUME, "access")
    way_out = "access: ReadWriteOnce, for one pod"
    if storage.database(app) is not None:
        yield Refusal(
            at,
            "SQLite's file would be on a network file system, where its locks hold nobody off",
            f"{way_out}; or a database server",
        )
    if app.spec.session.driver == "file":
        yield Refusal(
            at,
            "sessions in files are those of one pod, and each request would wait for the network",
            f"{way_out}; or session.driver: redis",
        )


def _path(app: App) -> Iterator[Refusal]:
    path, root = app.spec.storage.path, f"{app.spec.root}/storage/app"
    if path is None:
        return
    at = ("storage", "path")
    if storage.volume(app) is None:
        yield Refusal(at, "no volume is mounted", "storage.uploads.volume, or leave it out")
    elif ".." in path.split("/") or not f"{path}/".startswith(f"{root}/"):
        yield Refusal(
            at,
            "a volume there would hide or share what is each pod's own: views, caches, code",
            f"{root}, or a directory in it",
        )
    elif storage.database(app) is not None and path != root:
        yield Refusal(
            at,
            "SQLite's file is on the volume, and would be among the files that are handed out",
            f"leave it out: {root}",
        )
    elif app.spec.storage.livewire and f"{_local(app)}/".startswith(f"{path}/") is False:
        yield Refusal(
            at,
            f"Livewire keeps temporary uploads in {_local(app)}, which is not on the volume",
            f"leave it out: {root}",
        )


def _local(app: App) -> str:
    """The directory of the disk ``local`` (config/filesystems.php)."""
    return f"{app.spec.root}/storage/app" + ("/private" if app.spec.laravel >= 11 else "")


def _files_of_one_pod(app: App) -> Iterator[Refusal]:
    if not _several(app) or app.spec.storage.uploads is not None:
        return
    if app.spec.storage.livewire:
        yield Refusal(
            ("storage", "livewire"),
            "a file that Livewire takes is in one pod, and the request that uses it meets another",
            "storage.uploads, e.g. s3; or web.max: 1",
        )
    if app.spec.config.get(default_disk(app)) == "public":
        yield Refusal(
            ("config", default_disk(app)),
            "an uploaded file is in one pod, and the others answer 404",
            "storage.uploads, e.g. s3, in place of the disk public",
        )
