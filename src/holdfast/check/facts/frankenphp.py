"""Images of FrankenPHP: which version, whether in worker mode, and who uses PHP's own sessions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from holdfast.check.image.base import repository
from holdfast.check.image.image import Image
from holdfast.check.sources.artisan import calls
from holdfast.check.target import Target
from holdfast.manifests.place import Place

_IMAGES: Final = ("dunglas/frankenphp",)
_VERSION: Final = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?(?:-|$)")
_CODE: Final = re.compile(r"(?:.*/)?(?:app|routes|public|modules|Modules|src)/.+\.php")
_NATIVE: Final = re.compile(
    rb"^(?!\s*(?://|\*|#)).*(?:\bsession_start\s*\(|\$_SESSION\b)", re.MULTILINE
)
_MAX_FILES: Final = 2_000


@dataclass(frozen=True, slots=True)
class FrankenPhp:
    """An image in worker mode.

    Args:
        image: it.
        version: of FrankenPHP, as far as the tag says it: (1, 11) where it leaves the rest open.
        place: of the tag.
    """

    image: Image = field(repr=False)
    version: tuple[int, ...]
    place: Place


def workers(target: Target) -> Iterator[FrankenPhp]:
    """The images of a known version that run in worker mode."""
    for image in target.repository.images:
        if repository(image.base) not in _IMAGES or image.base.assumed:
            continue
        version = _VERSION.match(image.base.tag or "")
        if version and _in_worker_mode(image):
            numbers = tuple(int(number) for number in version.groups() if number is not None)
            yield FrankenPhp(image, numbers, image.base.place)


def native_sessions(target: Target) -> Place | None:
    """Where the application uses PHP's own sessions; None where it surely does not."""
    for image in target.repository.images[:1]:
        code = [name for name in sorted(image.tree.names) if _CODE.fullmatch(name)]
        for name in code[:_MAX_FILES]:
            data = image.tree.read(name) or b""
            if found := _NATIVE.search(data):
                return Place(name, data.count(b"\n", 0, found.start()) + 1, 1)
    return None


def _in_worker_mode(image: Image) -> bool:
    if any(call.name == "octane:start" for call in calls(image.start.commands)):
        return True
    said = image.final.env.get("FRANKENPHP_CONFIG")
    return said is not None and "worker" in (said.text or "")
