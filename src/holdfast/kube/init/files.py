"""Files that outlive a pod: where the application writes, and what of it all replicas see."""

from __future__ import annotations

from typing import Final

from holdfast.kube.init.facts import Facts, is_local
from holdfast.kube.init.part import Part, fits
from holdfast.kube.placeholders import FILL_IN
from holdfast.kube.spec.storage import S3, Azure, Gcs
from holdfast.project.stored import stored
from holdfast.project.uploads import uploads
from holdfast.project.values import Known, Spot

_ADAPTER: Final = "league/flysystem-aws-s3-v3"
_MEDIA: Final = "spatie/laravel-medialibrary"
_LOCAL: Final = "local"
_OBJECTS: Final = ("s3", "gcs", "azure")


def storage(facts: Facts) -> Part:
    """The section ``storage``; nothing where nothing is written."""
    part, inner = Part(), Part()
    written = _written(facts)
    livewire = facts.directory.of(uploads)
    if not written and not livewire:
        part.remark("storage", "No storage: the application's own code writes no files.")
        return part
    written = written or {_default(facts): str(livewire[0])}
    disks = {disk: spot for disk, spot in written.items() if _driver(facts, disk) in _OBJECTS}
    if disks:
        disk = next(iter(disks))
        _objects(facts, disk, disks[disk], inner)
        for other, spot in written.items():
            if _driver(facts, other) == _LOCAL:
                inner.task(spot, _of_one_pod(facts, other, next(iter(disks))))
    else:
        _elsewhere(facts, written, inner)
    if livewire:
        _livewire(facts, livewire[0], inner, objects=bool(disks))
    part.within("storage", inner)
    return part


def _of_one_pod(facts: Facts, disk: str, objects: str) -> str:
    if disk != _default(facts):
        return f"the disk {disk} is in one pod: is it a file for that pod alone?"
    kind = _driver(facts, objects)
    return f"the default disk, {disk}, becomes {kind}: does anything read the file by its path?"


def _default(facts: Facts) -> str:
    return facts.text("filesystems.default") or _LOCAL


def _written(facts: Facts) -> dict[str, str]:
    """The disks that files go to, each with where first; the default disk is the first one."""
    found: dict[str, str] = {}
    default = _default(facts)
    for write in facts.directory.of(stored):
        if write.disk is not None:
            found.setdefault(write.disk or default, str(write.spot))
    if facts.has(_MEDIA):
        disk = facts.text("media-library.disk_name") or "public"
        found.setdefault(disk, f"{_MEDIA} in composer.lock")
    return {disk: found[disk] for disk in sorted(found, key=lambda disk: disk != default)}


def _driver(facts: Facts, disk: str) -> str:
    """The driver of a disk, or of the one that a scoped disk is a folder of."""
    driver = facts.text(f"filesystems.disks.{_whole(facts, disk)}.driver") or _LOCAL
    if "gcs" in driver or "google" in driver:
        return "gcs"
    return "azure" if "azure" in driver else driver


def _whole(facts: Facts, disk: str) -> str:
    """The disk itself, or the one around a scoped disk."""
    seen: list[str] = []
    while disk not in seen and facts.text(f"filesystems.disks.{disk}.driver") == "scoped":
        seen.append(disk)
        disk = facts.text(f"filesystems.disks.{disk}.disk") or disk
    return disk


def _objects(facts: Facts, disk: str, spot: str, part: Part) -> None:
    """Uploads in an object store, as the disk says."""
    kind, said = _driver(facts, disk), disk
    disk = _whole(facts, disk)
    fields: dict[str, tuple[str, ...]] = {
        "s3": ("bucket", "region"),
        "gcs": ("bucket", "project"),
        "azure": ("account", "container"),
    }
    objects = Part()
    for key in fields[kind]:
        _field(facts, disk, kind, key, objects)
    if kind == "s3":
        _s3(facts, disk, objects)
        if not facts.has(_ADAPTER):
            objects.task("composer.json", f"s3 needs a package: composer require {_ADAPTER}")
    where = Part()
    where.within(kind, objects)
    part.within("uploads", where, f"Files go to the disk {said}: {spot}.")


_SETTINGS: Final = {
    "project": ("project_id", "projectId"),
    "account": ("name", "account"),
    "container": ("container",),
}
_EXAMPLES: Final = {
    "bucket": FILL_IN, "region": "us-east-1", "project": FILL_IN,
    "account": FILL_IN.replace("-", ""), "container": FILL_IN,
}  # fmt: skip
_COMPLETE: Final = {
    "s3": {"bucket": "xxx"},
    "gcs": {"bucket": "xxx", "project": "project-1"},
    "azure": {"account": "xxx", "container": "xxx"},
}
_KINDS: Final = {"s3": S3, "gcs": Gcs, "azure": Azure}


def _field(facts: Facts, disk: str, kind: str, key: str, part: Part) -> None:
    for name in _SETTINGS.get(key, (key,)):
        setting = f"filesystems.disks.{disk}.{name}"
        value = facts.text(setting)
        if value and fits({**_COMPLETE[kind], key: value}, _KINDS[kind]):
            part.line(key, value, facts.where(setting))
            return
    part.line(key, _EXAMPLES[key], fill=f"the {key}; the project says none")


def _s3(facts: Facts, disk: str, part: Part) -> None:
    for key in ("endpoint", "url"):
        setting = f"filesystems.disks.{disk}.{key}"
        value = facts.text(setting)
        if not value:
            continue
        host = value.partition("://")[2].partition("/")[0].partition(":")[0]
        if fits({"bucket": "xxx", key: value}, S3) and not is_local(host):
            part.line(key, value, facts.where(setting))
        else:
            part.remark(key, f"{facts.where(setting)} has a local {key}: say the real one here.")
    style = facts.known(f"filesystems.disks.{disk}.use_path_style_endpoint")
    if style is not None and style.value is True:
        part.line("pathStyle", True, str(style.source))


def _elsewhere(facts: Facts, written: dict[str, str], part: Part) -> None:
    """Files of the pod, for which there has to be another place."""
    disk, spot = next(iter(written.items()))
    where = Part()
    said = f"{spot} uses the disk {disk}, which is a directory of one pod."
    if facts.has(_ADAPTER):
        bucket = Part()
        bucket.line("bucket", FILL_IN, fill="a bucket for what users upload")
        where.within("s3", bucket)
        part.within("uploads", where, f"{said} {_ADAPTER} is installed: all replicas share S3.")
        variable = "FILESYSTEM_DISK" if facts.major >= 9 else "FILESYSTEM_DRIVER"
        if disk != _default(facts) or facts.fixed("filesystems.default"):
            part.task(spot, f"it names the disk {disk}, which {variable}=s3 does not change")
        return
    volume = Part()
    volume.line("size", "10Gi")
    volume.line(
        "storageClass", FILL_IN,
        fill="a storage class that many pods may write to (ReadWriteMany)",
    )  # fmt: skip
    where.within("volume", volume)
    part.within(
        "uploads", where,
        f"{said} As it is, replicas share it by a network file system; with {_ADAPTER} and s3 in"
        " its place they need none.",
    )  # fmt: skip


def _livewire(facts: Facts, spot: Spot, part: Part, *, objects: bool) -> None:
    part.line("livewire", True, str(spot))
    temporary = facts.project.get("livewire.temporary_file_upload.disk")
    if not isinstance(temporary, Known) or not isinstance(temporary.value, str):
        return
    if objects and _driver(facts, temporary.value) == _LOCAL:
        part.task(
            str(temporary.source),
            f"Livewire keeps uploads on the disk {temporary.value} of one pod until they are saved:"
            " null there means the default disk",
        )
