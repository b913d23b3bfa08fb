"""What is refused of storage."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from holdfast.kube import storage
from holdfast.kube.app import App
from holdfast.kube.environment.queue import sqs_region
from holdfast.kube.environment.storage import default_disk
from holdfast.kube.refusals.refusal import Refusal
from holdfast.kube.refusals.rule import WEB_MOST, Rule, all_refused, given, rule, web_most
from holdfast.kube.spec.storage import Uploads, Volume

_AT = ("storage", "uploads")
_VOLUME = (*_AT, "volume")
_UPLOADS = "self.spec.storage.uploads"
_CLASS, _CLAIM = f"{_UPLOADS}.volume.storageClass", f"{_UPLOADS}.volume.claim"
_KINDS = ("s3", "gcs", "azure", "volume")

_GIVEN = f"({given(_UPLOADS)} && {given(f'{_UPLOADS}.volume')})"
_BLOCK = f"({_GIVEN} && {_UPLOADS}.volume.access == 'ReadWriteOnce')"
_SHARED = f"({_GIVEN} && {_UPLOADS}.volume.access == 'ReadWriteMany')"
_WAITS = "would wait for ever: one node alone can have a volume that is ReadWriteOnce"
_NETWORK = "access: ReadWriteMany with the storageClass of a network file system, or s3"


def _kinds(uploads: Uploads) -> list[str]:
    return [name for name in _KINDS if getattr(uploads, name) is not None]


def _volume(broken: Callable[[Volume], bool]) -> Callable[[App], bool]:
    def of_a_volume(app: App) -> bool:
        volume = storage.volume(app)
        return volume is not None and broken(volume)

    return of_a_volume


def _needs_a_node(reason: str, server: str, needs: Callable[[App], bool], cel: str) -> Rule:
    """What a pod keeps on a block device, and nobody on a network file system."""
    return rule(
        (*_VOLUME, "access"),
        reason,
        f"access: ReadWriteOnce, for one pod; or {server}",
        broken=lambda app: needs(app) and _volume(lambda one: one.access == "ReadWriteMany")(app),
        cel=f"!{_SHARED} || !({cel})",
    )


def _alone(who: str, others: Callable[[App], bool], cel: str) -> Rule:
    return rule(
        (*_VOLUME, "access"),
        f"{who} {_WAITS}",
        _NETWORK,
        broken=lambda app: storage.exclusive(app) and others(app),
        cel=f"!{_BLOCK} || {cel}",
    )


def _of_one_pod(app: App) -> bool:
    return app.spec.storage.uploads is None and web_most(app) > 1


RULES = (
    rule(
        _AT,
        "uploads go to one place",
        "one of s3, gcs, azure, volume",
        broken=lambda app: (
            app.spec.storage.uploads is not None and len(_kinds(app.spec.storage.uploads)) != 1
        ),
        cel=(
            f"!{given(_UPLOADS)} || ["
            + ", ".join(given(f"{_UPLOADS}.{kind}") for kind in _KINDS)
            + "].filter(one, one).size() == 1"
        ),
    ),
    rule(
        (*_VOLUME, "storageClass"),
        "the claim that is named is there and has a class already",
        "storageClass for a new claim, claim for one that is there",
        broken=_volume(lambda one: one.claim is not None and one.storage_class is not None),
        cel=f"!{_GIVEN} || !{given(_CLAIM)} || !{given(_CLASS)}",
    ),
    rule(
        _VOLUME,
        "the cluster's default class is one of block devices as a rule, which no two nodes can"
        " have, and the claim would wait for ever",
        "storageClass: that of a network file system (EFS, Filestore, Azure Files, CephFS)",
        broken=_volume(
            lambda one: (
                one.access == "ReadWriteMany" and one.claim is None and one.storage_class is None
            )
        ),
        cel=f"!{_SHARED} || {given(_CLAIM)} || {given(_CLASS)}",
    ),
    _needs_a_node(
        "SQLite's file would be on a network file system, where its locks hold nobody off",
        "a database server",
        lambda app: storage.database(app) is not None,
        f"{given('self.spec.database')} && self.spec.database.driver == 'sqlite'",
    ),
    _needs_a_node(
        "sessions in files are those of one pod, and each request would wait for the network",
        "session.driver: redis",
        lambda app: app.spec.session.driver == "file",
        "self.spec.session.driver == 'file'",
    ),
    _alone("other replicas (web.max)", lambda app: web_most(app) > 1, f"{WEB_MOST} <= 1"),
    _alone("workers", lambda app: bool(app.spec.workers), "size(self.spec.workers) == 0"),
    _alone(
        "the scheduler",
        lambda app: app.spec.scheduler is not None,
        f"!{given('self.spec.scheduler')}",
    ),
    rule(
        ("storage", "path"),
        "no volume is mounted",
        "storage.uploads.volume, or leave it out",
        broken=lambda app: app.spec.storage.path is not None and storage.volume(app) is None,
        cel=f"!{given('self.spec.storage.path')} || {_GIVEN}",
    ),
    rule(
        ("storage", "livewire"),
        "a file that Livewire takes is in one pod, and the request that uses it meets another",
        "storage.uploads, e.g. s3; or web.max: 1",
        broken=lambda app: app.spec.storage.livewire and _of_one_pod(app),
        cel=f"!self.spec.storage.livewire || {given(_UPLOADS)} || {WEB_MOST} <= 1",
    ),
)


def refusals(app: App) -> Iterator[Refusal]:
    """Of uploads, their volume and its place, and of Livewire's."""
    yield from all_refused(RULES, app)
    yield from _aws(app)
    yield from _path(app)
    yield from _public(app)


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


def _path(app: App) -> Iterator[Refusal]:
    path, root = app.spec.storage.path, f"{app.spec.root}/storage/app"
    if path is None or storage.volume(app) is None:
        return
    at, way_out = ("storage", "path"), f"leave it out: {root}"
    if not f"{path}/".startswith(f"{root}/"):
        yield Refusal(
            at,
            "a volume there would hide or share what is each pod's own: views, caches, code",
            f"{root}, or a directory in it",
        )
    elif storage.database(app) is not None and path != root:
        yield Refusal(
            at,
            "SQLite's file is on the volume, and would be among the files that are handed out",
            way_out,
        )
    elif app.spec.storage.livewire and not f"{_local(app)}/".startswith(f"{path}/"):
        yield Refusal(
            at,
            f"Livewire keeps temporary uploads in {_local(app)}, which is not on the volume",
            way_out,
        )


def _local(app: App) -> str:
    """The directory of the disk ``local`` (config/filesystems.php)."""
    return f"{app.spec.root}/storage/app" + ("/private" if app.spec.laravel >= 11 else "")


def _public(app: App) -> Iterator[Refusal]:
    if _of_one_pod(app) and app.spec.config.get(default_disk(app)) == "public":
        yield Refusal(
            ("config", default_disk(app)),
            "an uploaded file is in one pod, and the others answer 404",
            "storage.uploads, e.g. s3, in place of the disk public",
        )
