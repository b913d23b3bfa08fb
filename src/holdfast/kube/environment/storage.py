"""Variables: where uploads go.

config/filesystems.php of laravel/laravel: the default disk is FILESYSTEM_DISK from 9.x on, before
that FILESYSTEM_DRIVER; the disk ``s3`` reads AWS_*. Disks that no skeleton has read what their
packages' documentation says: spatie/laravel-google-cloud-storage, azure-oss/storage-blob-laravel.
"""

from __future__ import annotations

from holdfast.kube.app import App
from holdfast.kube.spec.storage import S3, Azure, Gcs

LIVEWIRE = "LIVEWIRE_TEMPORARY_FILE_UPLOAD_DISK"


def default_disk(app: App) -> str:
    """The variable that names the default disk."""
    return "FILESYSTEM_DISK" if app.spec.laravel >= 9 else "FILESYSTEM_DRIVER"


def variables(app: App) -> dict[str, str]:
    """The default disk and what it reads; none where nothing is uploaded."""
    uploads = app.spec.storage.uploads
    if uploads is None:
        return {}
    found: dict[str, str] = {}
    if uploads.s3 is not None:
        found = {default_disk(app): "s3", **_s3(uploads.s3)}
    elif uploads.gcs is not None:
        found = {default_disk(app): "gcs", **_gcs(uploads.gcs)}
    elif uploads.azure is not None:
        found = {default_disk(app): "azure", **_azure(uploads.azure)}
    elif default_disk(app) not in app.spec.config:
        # Both local disks are on the volume; which is the default, a person may say.
        found = {default_disk(app): "local"}
    if app.spec.storage.livewire:
        found[LIVEWIRE] = found.get(default_disk(app), "local")
    return found


def _s3(s3: S3) -> dict[str, str]:
    optional = {"AWS_ENDPOINT": s3.endpoint, "AWS_URL": s3.url}
    return {
        "AWS_BUCKET": s3.bucket,
        "AWS_DEFAULT_REGION": s3.region,
        "AWS_USE_PATH_STYLE_ENDPOINT": "true" if s3.path_style else "false",
        **{name: value for name, value in optional.items() if value is not None},
    }


def _gcs(gcs: Gcs) -> dict[str, str]:
    return {
        "GOOGLE_CLOUD_PROJECT_ID": gcs.project,
        "GOOGLE_CLOUD_STORAGE_BUCKET": gcs.bucket,
    }


def _azure(azure: Azure) -> dict[str, str]:
    return {
        "AZURE_STORAGE_ACCOUNT_NAME": azure.account,
        "AZURE_STORAGE_CONTAINER": azure.container,
        "AZURE_STORAGE_ENDPOINT": f"https://{azure.account}.blob.core.windows.net",
    }
