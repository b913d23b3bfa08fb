"""Every error that Holdfast raises on purpose.

::

    HoldfastError
    ├── UsageError            the caller asked for something that cannot be     exit status 2
    ├── EnvironmentLacking    a program, port, file or right is missing         exit status 3
    ├── FormatError           bytes that are not what they claim to be
    │   ├── DecryptError      no key opens it, or it was tampered with
    │   └── Undecodable       a stored payload that cannot be read as a session
    ├── StoreError            a store did not do what it should                 exit status 3
    │   ├── StoreUnavailable  not reachable, refused, timed out before sending
    │   ├── StoreReadOnly     a replica, or the disk is full
    │   ├── StoreMisconfigured  no table, wrong password, wrong type at the key
    │   └── LevelRefused      the guarantee level cannot be held now; nothing was written
    ├── SessionConflict       somebody else saved since we read
    ├── AuthConflict          a login met another one, or a logout, of its guard
    ├── SessionGone           the session ended while we worked on it
    ├── SessionLocked         another request holds the session's lock for too long
    └── SaveUnknown           the answer was lost: the write may or may not have happened

Expected outcomes (missing, expired, conflict in a store) are return values, not errors. A message
says what and where, the hint says what to do next. Neither holds a secret or a session id.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class HoldfastError(Exception):
    """Base of all errors of Holdfast.

    Args:
        message: what went wrong and where, one line, without a final stop.
        hint: what to do next, one line; empty where nothing can be said. It is a note of the
            exception too, so that a traceback shows it.
    """

    exit_status: ClassVar[int] = 3

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint
        if hint:
            self.add_note(f"hint: {hint}")

    @property
    def lines(self) -> Sequence[tuple[str, str]]:
        """Messages with their hints: one, but for an error that stands for several."""
        return [(str(self), self.hint)]

    @property
    def in_full(self) -> str:
        """Message and hint in one line, for logs."""
        return f"{self} (hint: {self.hint})" if self.hint else str(self)


class UsageError(HoldfastError):
    """The caller asked for something that cannot be."""

    exit_status = 2


class EnvironmentLacking(HoldfastError):  # noqa: N818 - reads as the fact that it states
    """A program, port, file or right that is needed is not there."""


class FormatError(HoldfastError):
    """Bytes that are not what they claim to be.

    Args:
        offset: where in the input, in bytes.
        expected: what would have been right there.
    """

    def __init__(
        self, message: str, *, offset: int = 0, expected: str = "", hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.offset = offset
        self.expected = expected


class DecryptError(FormatError):
    """No key opens it, or it was tampered with."""


class Undecodable(FormatError):  # noqa: N818 - the architecture's name
    """A stored payload that cannot be read as a session; Laravel would start an empty one over it.

    Args:
        reason: which layer failed: ``outer layer``, ``encryption``, ``serialization``, ``not an
            array``, ``size``.
    """

    def __init__(self, message: str, *, reason: str, offset: int = 0, hint: str = "") -> None:
        super().__init__(message, offset=offset, expected="a session", hint=hint)
        self.reason = reason


class StoreError(HoldfastError):
    """A store did not do what it should."""


class StoreUnavailable(StoreError):  # noqa: N818 - the architecture's name
    """The store is not reachable: nothing was sent, or nothing that changes data."""


class StoreReadOnly(StoreError):  # noqa: N818 - the architecture's name
    """The store refuses writes: a replica, or a full disk."""


class StoreMisconfigured(StoreError):  # noqa: N818 - the architecture's name
    """The store is there but not as told: no table, wrong password, something else at the key."""


class LevelRefused(StoreError):  # noqa: N818 - as the store's answer
    """The guarantee level that a write was to have cannot be held now; nothing was written."""


class SessionConflict(HoldfastError):  # noqa: N818 - the architecture's name
    """Somebody else saved the session since it was read; nothing was written."""


class AuthConflict(HoldfastError):  # noqa: N818 - as SessionConflict
    """A login met another one, or a logout, with the same guard; what was saved first stays."""


class SessionGone(HoldfastError):  # noqa: N818 - the architecture's name
    """The session ended (logout, expiry) while it was worked on; nothing was written."""


class SessionLocked(HoldfastError):  # noqa: N818 - as SessionConflict
    """Another request held the session's lock until the wait was over; nothing was done."""


class SaveUnknown(HoldfastError):  # noqa: N818 - the architecture's name
    """The answer was lost: the write may or may not have happened, or may happen yet."""
