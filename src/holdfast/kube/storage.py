"""Files that outlive a pod: a volume, where uploads cannot go to an object store.

It is mounted over ``storage/app`` or a part of it, never over ``storage/framework`` or
``bootstrap/cache``: those are each pod's own (gotchas STO-06, STO-15).
"""

from __future__ import annotations

from collections.abc import Iterator

from holdfast.kube.app import App, Decision, Object
from holdfast.kube.objects import metadata, named, present
from holdfast.kube.spec.storage import S3, Azure, Gcs, Volume

NAME = "uploads"
"""Of the volume in a pod."""

SESSIONS = "session-files"
"""Of the volume of sessions with driver file: one of its own, so that no disk of the application
leads to them."""

_KEPT = {
    "argocd.argoproj.io/sync-options": "Delete=false,Prune=false",
    "helm.sh/resource-policy": "keep",
    "kustomize.toolkit.fluxcd.io/prune": "disabled",
}
"""What users have uploaded stays when a deployment is taken away, whoever deploys it."""


def volume(app: App) -> Volume | None:
    """The volume that is wanted."""
    uploads = app.spec.storage.uploads
    return uploads.volume if uploads else None


def exclusive(app: App) -> bool:
    """Whether one pod alone can have the volume, so the old one has to go before the new one."""
    wanted = volume(app)
    return wanted is not None and wanted.access == "ReadWriteOnce"


def path(app: App) -> str:
    """Where it is mounted."""
    return app.spec.storage.path or f"{app.spec.root}/storage/app"


def database(app: App) -> str | None:
    """SQLite's file, where there is one: on the volume, below no directory that is served."""
    wanted = app.spec.database
    if wanted is None or wanted.driver != "sqlite" or volume(app) is None:
        return None
    return f"{path(app)}/database.sqlite"


def volumes(app: App, component: str) -> list[Object]:
    """Volumes of a pod of the application."""
    if _without(app, component):
        return []
    found = []
    if (wanted := volume(app)) is not None:
        found.append(_claimed(NAME, wanted.claim or named(app, NAME)))
    elif _temporary(app):
        found.append({"name": NAME, "emptyDir": {"sizeLimit": "1Gi"}})
    if _keeps_sessions(app):
        found.append(_claimed(SESSIONS, named(app, SESSIONS)))
    return found


def _claimed(name: str, claim: str) -> Object:
    return {"name": name, "persistentVolumeClaim": {"claimName": claim}}


def mounts(app: App, container: str) -> list[Object]:
    """Where they are in a container of the application, by its name."""
    if _without(app, container):
        return []
    found: list[Object] = []
    if volume(app) is not None or _temporary(app):
        found.append({"name": NAME, "mountPath": path(app)})
    if _keeps_sessions(app):
        sessions = f"{app.spec.root}/storage/framework/sessions"
        found.append({"name": SESSIONS, "mountPath": sessions})
    return found


def _without(app: App, who: str) -> bool:
    """Whether a pod or container has no use for files. A migration would wait for ever for a block
    device that the web pod has on another node; SQLite is migrated in that pod.
    """
    return who == "prepare" or (who == "migrate" and database(app) is None)


def _keeps_sessions(app: App) -> bool:
    """Sessions in files, of one pod alone; anything else is refused (refusals/session.py)."""
    return app.spec.session.driver == "file" and volume(app) is not None


def nginx_mounts(app: App) -> list[Object]:
    """Where nginx finds what ``public/storage`` leads to (``artisan storage:link``)."""
    if volume(app) is None:
        return []
    return [{"name": NAME, "mountPath": path(app), "readOnly": True}]


def _temporary(app: App) -> bool:
    """Livewire's uploads of one replica alone, until they are stored elsewhere."""
    return app.spec.storage.livewire and app.spec.storage.uploads is None


def objects(app: App) -> Iterator[Object]:
    """The claims, but for one that is there."""
    wanted = volume(app)
    if wanted is None:
        return
    if wanted.claim is None:
        yield _claim(app, NAME, wanted.access, wanted.size, wanted.storage_class)
    if _keeps_sessions(app):
        yield _claim(app, SESSIONS, "ReadWriteOnce", "1Gi", wanted.storage_class)


def _claim(app: App, name: str, access: str, size: str, storage_class: str | None) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": metadata(app, named(app, name), "storage", annotations=_KEPT),
        "spec": present(
            accessModes=[access],
            resources={"requests": {"storage": size}},
            storageClassName=storage_class,
            volumeMode="Filesystem",
        ),
    }


def decisions(app: App) -> Iterator[Decision]:
    """What was decided about files."""
    uploads = app.spec.storage.uploads
    if uploads is None:
        yield _nowhere(app)
    elif uploads.s3 is not None:
        yield from _s3(app, uploads.s3)
    elif uploads.gcs is not None:
        yield _gcs(uploads.gcs)
    elif uploads.azure is not None:
        yield _azure(uploads.azure)
    elif uploads.volume is not None:
        yield from _volume(app, uploads.volume)
    if app.spec.storage.livewire and uploads is not None:
        yield Decision(
            "Livewire's temporary uploads",
            "where uploads go",
            "the next request may meet another replica; Livewire 4 reads"
            " LIVEWIRE_TEMPORARY_FILE_UPLOAD_DISK, Livewire 3 takes the default disk unless"
            " config/livewire.php names one: temporary_file_upload.disk stays null there",
        )


def _nowhere(app: App) -> Decision:
    if _temporary(app):
        return Decision(
            "storage/app",
            "1 GiB of the pod's own",
            "for Livewire's temporary uploads; it is gone with the pod, so there is one replica",
        )
    return Decision(
        "storage/app",
        "read-only",
        "what a pod writes there is gone with it, and the others never see it; storage.uploads"
        " says where files go",
    )


def _s3(app: App, s3: S3) -> Iterator[Decision]:
    keys = "keys in the Secret: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY"
    yield Decision(
        "uploads",
        f"bucket {s3.bucket}, disk s3",
        f"{f'by the IAM role {s3.role}' if s3.role else keys}; the application needs"
        " league/flysystem-aws-s3-v3",
    )
    if app.spec.storage.livewire:
        yield Decision(
            "CORS of the bucket",
            f"PUT from https://{app.spec.host}",
            "with S3, browsers upload Livewire's files straight into the bucket",
        )


def _gcs(gcs: Gcs) -> Decision:
    identity = f"workload identity of {gcs.account}" if gcs.account else "the nodes' identity"
    return Decision(
        "uploads",
        f"bucket {gcs.bucket}, disk gcs",
        f"by {identity}; the application needs spatie/laravel-google-cloud-storage and its disk"
        " gcs in config/filesystems.php, which reads GOOGLE_CLOUD_PROJECT_ID and"
        " GOOGLE_CLOUD_STORAGE_BUCKET",
    )


def _azure(azure: Azure) -> Decision:
    credential = (
        "'credential' => 'workload_identity', 'endpoint' => env('AZURE_STORAGE_ENDPOINT')"
        if azure.client
        else "'connection_string' => env('AZURE_STORAGE_CONNECTION_STRING'), which is in the Secret"
    )
    return Decision(
        "uploads",
        f"container {azure.container}, disk azure",
        "the application needs azure-oss/storage-blob-laravel and a disk azure in"
        " config/filesystems.php: 'driver' => 'azure-storage-blob', 'container' =>"
        f" env('AZURE_STORAGE_CONTAINER'), {credential}",
    )


def _volume(app: App, wanted: Volume) -> Iterator[Decision]:
    yield Decision(
        "uploads",
        f"{wanted.access} at {path(app)}",
        "one pod at a time has a block device: a rollout stops the old one first, and users wait"
        if exclusive(app)
        else "a network file system, for all replicas; an object store scales further",
    )
    if (file := database(app)) is not None:
        yield Decision(
            "SQLite",
            file,
            "on the volume, so users and their data outlive the pod; it is migrated in the pod,"
            " before the server starts; who has more than one replica needs a database server",
        )
    yield Decision(
        "public/storage",
        "a link in the image",
        "RUN php artisan storage:link in the Dockerfile: public/ is read-only at run time",
    )
