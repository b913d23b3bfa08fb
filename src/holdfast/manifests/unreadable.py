"""What a reader hands back in place of what it could not read."""

from __future__ import annotations

import msgspec

from holdfast.manifests.place import Place


class Unreadable(msgspec.Struct, frozen=True):
    """What cannot be judged, and why.

    Args:
        place: the file, or where in it reading ended.
        why: one line, without a final stop.
        template: it is not yet what it will be: Helm, or something like it, makes that of it.
    """

    place: Place
    why: str
    template: bool = False
