"""What a run of the rules came to: plain values, from which every report is made."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from holdfast.check.rule import Found
from holdfast.manifests.place import Place


class Suppressed(msgspec.Struct, frozen=True):
    """A finding that a comment or an annotation allows.

    Args:
        found: what would have been shown.
        reason: what was written as the reason.
        place: of the comment.
    """

    found: Found
    reason: str
    place: Place


class NotJudged(msgspec.Struct, frozen=True):
    """A file that could not be judged, or that is not judged at all, and why.

    Args:
        file: its name, or that of a directory.
        reason: in words.
        unreadable: it should have been judged, and the system did not let us read it.
    """

    file: str
    reason: str
    unreadable: bool = False


class Counts(msgspec.Struct, frozen=True):
    """What was judged, in numbers, and what was not."""

    projects: int = 0
    images: int = 0
    manifests: int = 0
    workloads: int = 0
    rules: int = 0
    not_judged: tuple[NotJudged, ...] = ()


class Result(msgspec.Struct, frozen=True):
    """Everything that a report may say.

    Args:
        found: worst first; unknown findings are among them.
        suppressed: found and allowed.
        files: the bytes of the files that findings name, for excerpts, by the name in ``Place``.
        judged: what was looked at.
    """

    found: tuple[Found, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    files: Mapping[str, bytes] = msgspec.field(default_factory=dict)
    judged: Counts = Counts()
