"""Which volume holds a file of the application, as far as manifests say it.

Where an image keeps the application is seldom written down, but its directories have fixed names: a
mount that ends in ``storage/framework`` holds the sessions wherever the application is. A mount
that may hold all of the application (``/var/www/html``, ``/data``) leaves it unknown.
"""

from __future__ import annotations

from typing import Final

import msgspec

from holdfast.check.finding import Finding
from holdfast.check.kubernetes.objects import get, text
from holdfast.check.kubernetes.workload import Container, Mount
from holdfast.check.process import Process

SESSION_FILES: Final = "storage/framework/sessions"
"""Below the application's directory (config/session.php, Laravel 8 to 13)."""

FILE_DRIVERS: Final = ("file", "native")
"""Session drivers that keep files; ``native`` is an old name of the same."""

PER_POD: Final = ("emptyDir", "ephemeral")
"""Volumes that live and die with one pod."""

NETWORK: Final = ("nfs", "cephfs", "azureFile", "glusterfs")
"""Volumes that many nodes write to without a claim saying so."""

_DATA: Final = ("configMap", "secret", "projected", "downwardAPI", "image")
_BELOW_APPLICATION: Final = frozenset((
    "bootstrap", "config", "database", "lang", "node_modules", "public", "resources", "routes",
    "storage", "tests", "vendor",
))  # fmt: skip
_ELSEWHERE: Final = frozenset((
    "bin", "dev", "etc", "lib", "log", "logs", "proc", "run", "sys", "tmp", "usr",
))  # fmt: skip
_ELSEWHERE_BELOW_VAR: Final = frozenset(("cache", "lib", "log", "run", "tmp"))


class Kept(msgspec.Struct, frozen=True):
    """Where a file is.

    Args:
        mount: that holds it; None for the container's own file system.
    """

    mount: Mount | None

    @property
    def dies_with_its_pod(self) -> bool:
        """Whether it is gone when the pod is."""
        return self.mount is None or self.mount.volume.kind in PER_POD

    @property
    def of_one_pod(self) -> bool:
        """Whether each replica has one of its own; a claim of a StatefulSet outlives its pod."""
        return self.dies_with_its_pod or (
            self.mount is not None and self.mount.volume.kind == "volumeClaimTemplate"
        )

    @property
    def of_all_nodes(self) -> bool:
        """Whether the replicas share it, on whichever node they are."""
        if self.mount is None or _of_expression(self.mount):
            return False
        volume = self.mount.volume
        return volume.kind in NETWORK or "ReadWriteMany" in (volume.access_modes or ())


def kept(container: Container, path: str) -> Kept | None:
    """What holds a file of the application; None where that cannot be told.

    Args:
        container: that Laravel runs in.
        path: relative to the application, or absolute.
    """
    mounts = [mount for mount in container.mounts() if not _is_data(mount)]
    held = {mount: _held(_parts(mount.path), path) for mount in mounts}
    holding = [mount for mount in mounts if held[mount]]
    if holding:
        return Kept(max(holding, key=lambda mount: len(_parts(mount.path))))
    return None if None in held.values() else Kept(None)


def session_files(process: Process) -> Kept | None:
    """What holds the session files of a process; None where that cannot be told."""
    if process.container is None:
        return None
    if all(map(_is_data, process.container.mounts())):
        return Kept(None)
    settings = process.settings
    if settings.project is None:
        moved = process.container.env.get("LARAVEL_STORAGE_PATH")
        path = SESSION_FILES if moved is None else f"{moved.value or '?'}/framework/sessions"
    else:
        root = f"{settings.project.directory}/"
        path = settings.text("session.files").removeprefix(root)
    if not path or path.startswith("?"):
        return None
    return kept(process.container, path)


def where_they_are(process: Process) -> Finding:
    """What a rule says where ``session_files`` cannot tell."""
    assert process.container is not None
    return Finding(
        process.container.at("volumeMounts"),
        f"The session files of {process} may be on a volume or not: where the image keeps the"
        " application is not known.",
        "keep sessions where no volume matters: SESSION_DRIVER=redis",
        str(process),
        unknown=True,
    )


def _held(mount: tuple[str, ...], path: str) -> bool | None:
    """Whether a mount holds a path; None where it depends on where the application is."""
    wanted = _parts(path)
    if path.startswith("/"):
        return wanted[: len(mount)] == mount
    if len(mount) > 1:
        for index, part in enumerate(mount):
            if index and part in _BELOW_APPLICATION:
                below = mount[index:]
                return wanted[: len(below)] == below
    if not mount:
        return None
    if mount[0] in _ELSEWHERE or (
        mount[0] == "var" and len(mount) > 1 and mount[1] in _ELSEWHERE_BELOW_VAR
    ):
        return False
    return None


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part)


def _is_data(mount: Mount) -> bool:
    """Whether it brings what is written elsewhere, and takes nothing."""
    driver = text(get(mount.volume.body, "driver"))
    return mount.volume.kind in _DATA or (mount.volume.kind == "csi" and "secret" in driver)


def _of_expression(mount: Mount) -> bool:
    """Whether each pod may have a directory of its own there."""
    return bool(text(mount.container.get("volumeMounts", mount.index, "subPathExpr")))
