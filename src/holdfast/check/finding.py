"""What a rule finds: plain values, from which every report is made."""

from __future__ import annotations

import enum

import msgspec

from holdfast.manifests.place import Place


class Severity(enum.IntEnum):
    """How bad it is; the worst is the greatest."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4
    """Everyone is logged out, or users see each other's data."""

    @property
    def word(self) -> str:
        """``critical``, as it is written in configuration and reports."""
        return self.name.lower()


class Edit(msgspec.Struct, frozen=True):
    """A change of one file that a fix makes.

    Args:
        file: as in ``Place``.
        start, end: offsets in its bytes; equal where something is put in.
        text: what comes there.
    """

    file: str
    start: int
    end: int
    text: bytes


class Related(msgspec.Struct, frozen=True):
    """Another place that plays a part, and which."""

    place: Place
    note: str


class Finding(msgspec.Struct, frozen=True):
    """One thing that is wrong.

    Args:
        place: its cause, where the mending goes: findings with the same place are shown as one
            group.
        message: what will happen to the users and why, with the values; one or two sentences, no
            secret.
        hint: what to do next, the line to type where there is one.
        subject: whom it befalls: ``Deployment shop/web``, ``config/session.php``.
        related: other places that play a part.
        edits: the mending itself, where it is safe; a rule gives them only for what it can be sure
            of.
        unknown: it cannot be judged, and the message says what stands in the way. Shown on request.
    """

    place: Place
    message: str
    hint: str = ""
    subject: str = ""
    related: tuple[Related, ...] = ()
    edits: tuple[Edit, ...] = ()
    unknown: bool = False
