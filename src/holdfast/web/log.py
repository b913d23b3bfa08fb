"""What the session middleware writes to the log: handles and names, never an id or a value.

Each line begins with a constant name, which alerts can look for:

=================  =========  ======================================================================
cookie_not_opened  warning    no key opens a session cookie: its visitor is a guest
set_aside          warning    stored bytes were no session; they are in the quarantine
not_set_aside      warning    the same, but they could not be kept: the request failed
later_save_won     info       two requests changed the same keys; the later one's change counts
ended_meanwhile    info       a session was ended under a request; what that changed is dropped
=================  =========  ======================================================================

Of each kind of warning one line a minute is written; it says how many were left out before it.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence

from holdfast.core.clock import Clock
from holdfast.core.digest import handle
from holdfast.core.errors import Undecodable

EVERY_SECONDS = 60
"""Between two warnings of a kind: a wrong key would write a line for each request."""

NAMES = 10
NAME_CHARACTERS = 60
"""Of one name, and how many there are in a line: visitors may choose what attributes are called."""

_logger = logging.getLogger(__name__)


class Log:
    """Of one middleware.

    Args:
        key: that of the handles; the application's.
        clock: what tells when a minute is over.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._next: dict[str, int] = {}
        self._left_out: Counter[str] = Counter()

    def cookie_not_opened(self) -> None:
        """A request came with a session cookie that is not this application's."""
        self._warn(
            "cookie_not_opened",
            "no key opens a session cookie, so its visitor is a guest; where that is so for all of "
            "them, APP_KEY or the cookie's name is not Laravel's, or an old key is missing among "
            "the previous ones",
        )

    def unreadable(self, sid: str, error: Undecodable, kept: bool) -> None:
        """Stored bytes were no session, see ``session.load``."""
        of = f"session {handle(sid, self._key)} cannot be read ({error.reason})"
        if kept:
            self._warn(
                "set_aside", f"{of}; its bytes are in the quarantine, the visitor has a new one"
            )
        else:
            self._warn(
                "not_set_aside", f"{of}, and its bytes could not be set aside; the request failed"
            )

    def later_save_won(self, sid: str, keys: Sequence[str]) -> None:
        """Keys where a save gave way to a later one."""
        _logger.info("later_save_won: session %s at %s", handle(sid, self._key), quoted(keys))

    def ended_meanwhile(self, sid: str) -> None:
        """A session was ended under a request that has changed it."""
        _logger.info(
            "ended_meanwhile: session %s; what a request changed in it is dropped",
            handle(sid, self._key),
        )

    def _warn(self, event: str, said: str) -> None:
        now = self._clock()
        if now < self._next.get(event, now):
            self._left_out[event] += 1
            return
        self._next[event] = now + EVERY_SECONDS
        left_out = self._left_out.pop(event, 0)
        _logger.warning("%s: %s%s", event, said, f" ({left_out} left out)" if left_out else "")


def quoted(names: Sequence[str]) -> str:
    """Names in one line that nobody can forge: quoted, escaped, cut in length and number."""
    shown = [repr(name[:NAME_CHARACTERS] + "…" * (len(name) > NAME_CHARACTERS)) for name in names]
    more = len(names) - NAMES
    return ", ".join(shown[:NAMES]) + (f" and {more} more" if more > 0 else "")
