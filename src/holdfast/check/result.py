"""What a run of the rules came to: plain values, from which every report is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from holdfast.check.place import Place
from holdfast.check.rule import Found


@dataclass(frozen=True, slots=True)
class Suppressed:
    """A finding that a comment or an annotation allows.

    Args:
        found: what would have been shown.
        reason: what was written as the reason.
        place: of the comment.
    """

    found: Found
    reason: str
    place: Place


@dataclass(frozen=True, slots=True)
class NotJudged:
    """A file that could not be judged, or that is not judged at all, and why."""

    file: str
    reason: str


@dataclass(frozen=True, slots=True)
class Counts:
    """What was judged, in numbers, and what was not."""

    projects: int = 0
    images: int = 0
    manifests: int = 0
    workloads: int = 0
    rules: int = 0
    not_judged: tuple[NotJudged, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """Everything that a report may say.

    Args:
        found: worst first; unknown findings are among them.
        suppressed: found and allowed.
        files: the bytes of the files that findings name, for excerpts, by the name in ``Place``.
        judged: what was looked at.
    """

    found: tuple[Found, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    judged: Counts = Counts()
