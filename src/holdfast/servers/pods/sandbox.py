"""A root, a PID namespace and a user for a container's process: bubblewrap's arguments.

Of this machine there are only programs and libraries, to be read; what the image brings, and the
volumes of the pod, are put where the manifest wants them. Nothing else can be written where the
manifest says ``readOnlyRootFilesystem``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.servers.programs import require_program

PACKAGE = "bubblewrap"

_SYSTEM = (
    "/usr",
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/passwd",
    "/etc/group",
)
_LINKS = ("bin", "sbin", "lib", "lib64")


@dataclass(frozen=True, slots=True)
class Image:
    """What stands for a container's image on this machine.

    Args:
        files: host file or directory by its place in the container; only to be read.
        programs: a directory whose programs are found first, e.g. ``php-fpm`` for Debian's
            ``php-fpm8.2``.
        environment: what the image sets.
        stop_signal: its STOPSIGNAL, by number.
    """

    files: Mapping[str, Path] = field(default_factory=dict)
    programs: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    stop_signal: int = 15


@dataclass(frozen=True, slots=True)
class Mount:
    """A volume, or a piece of it, in a container."""

    place: str
    source: Path
    read_only: bool = False


def command(
    argv: Sequence[str],
    image: Image,
    mounts: Sequence[Mount],
    *,
    user: int,
    group: int,
    directory: str,
    read_only_root: bool,
) -> list[str | Path]:
    """The command that runs ``argv`` as PID 1 of a container.

    Args:
        directory: where it begins, in the container.

    Raises:
        EnvironmentLacking: bubblewrap is not installed.
    """
    words: list[str | Path] = [
        # What is ignored in the shell that started us, QUIT in a background job, is no container's.
        *(require_program("env", package="coreutils"), "--default-signal"),
        require_program("bwrap", package=PACKAGE),
        "--die-with-parent",
        "--unshare-user",
        "--unshare-pid",
        "--unshare-ipc",
        "--as-pid-1",
        *("--uid", str(user), "--gid", str(group)),
        *("--cap-drop", "ALL"),
        *("--proc", "/proc", "--dev", "/dev"),
        *("--perms", "1777", "--dir", "/tmp"),  # noqa: S108 - the container's
    ]
    for place in _SYSTEM:
        words += ["--ro-bind-try", place, place]
    for link in _LINKS:
        words += ["--symlink", f"usr/{link}", f"/{link}"]
    if image.programs is not None:
        words += ["--ro-bind", image.programs, "/image/bin"]
    for place, source in sorted(image.files.items()):
        words += ["--ro-bind", source, place]
    # Outer places first, or they would hide what is mounted below them.
    for mount in sorted(mounts, key=lambda mount: mount.place):
        words += ["--ro-bind" if mount.read_only else "--bind", mount.source, mount.place]
    if read_only_root:
        words += ["--remount-ro", "/"]
    return [*words, "--chdir", directory, "--", *argv]
