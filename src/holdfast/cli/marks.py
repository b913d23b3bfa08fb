"""The marks of a timeline, for the terminal and for the page: one entry for each Event's ``what``.

What has no entry yet is drawn too, with a sign that stands for anything and with its own name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from holdfast.rehearsal.verdict import LOST_MARK

LOST: Final = LOST_MARK
"""Where a session was found lost, see ``verdict.Mark``."""

OVER: Final = "over"


class Sign(NamedTuple):
    """How a mark looks.

    Args:
        letter: on the terminal, one character.
        words: in the legend.
        shape: an SVG path about 0,0 that is at most 18 wide and high.
        grave: whether it destroys something by its nature, and is drawn in the colour of losses.
    """

    letter: str
    words: str
    shape: str
    grave: bool = False


_DISC = "M-6,0 A6,6 0 1,1 6,0 A6,6 0 1,1 -6,0 Z"

_SIGNS: Final = {
    "kill": Sign("K", "killed", _DISC, grave=True),
    "start": Sign("^", "started", "M0,-10 L5,-2 L-5,-2 Z"),
    "drain": Sign("d", "out of the balancer", "M0,10 L5,2 L-5,2 Z"),
    "stop": Sign("s", "stop signal", "M-5,-5 L5,-5 L5,5 L-5,5 Z"),
    "pause": Sign("p", "paused", "M-3,-7 L-3,7 M3,-7 L3,7"),
    "resume": Sign("r", "goes on", "M-4,-6 L6,0 L-4,6 Z"),
    "cut": Sign("c", "answers cut", "M-6,0 L-2,0 M2,0 L6,0 M-2,-5 L-2,5 M2,-5 L2,5"),
    "slow": Sign("l", "store slow", "M-6,-5 L6,-5 L-6,5 L6,5 Z"),
    "blackhole": Sign("b", "store silent", f"{_DISC} M-2,0 L2,0"),
    "flush": Sign("F", "store flushed", "M-6,-6 L6,-6 L3,6 L-3,6 Z", grave=True),
    "skew": Sign("≠", "has another setting", "M-6,-3 L6,-3 M-6,3 L6,3 M3,-7 L-3,7", grave=True),
    "rotate": Sign("N", "has a new APP_KEY", "M-6,0 L2,0 M0,-4 L4,0 L0,4 M6,-6 L6,6"),
    "restart": Sign("R", "store restarted", "M5,-4 A6,6 0 1,0 6,2 M5,-8 L5,-3 L0,-3"),
    "crash": Sign("C", "store killed", "M3,-9 L-6,2 L-1,2 L-3,9 L6,-2 L1,-2 Z", grave=True),
    "evict": Sign(
        "E",
        "store evicts",
        "M-6,-8 L6,-8 L6,-5 L2,-5 L2,1 L6,1 L0,8 L-6,1 L-2,1 L-2,-5 L-6,-5 Z",
        grave=True,
    ),
    "failover": Sign("f", "failover", "M-6,4 A6,6 0 0,1 6,4 M3,1 L6,4 L8,0"),
    "kill-primary": Sign("M", "primary killed", f"{_DISC} M-3,-3 L3,3 M-3,3 L3,-3", grave=True),
    "partition": Sign("P", "primary cut off", "M0,-8 L0,-3 M0,-1 L0,1 M0,3 L0,8 M-7,0 L-3,0"),
    "split": Sign(
        "2",
        "two primaries",
        "M-8,0 A3.5,3.5 0 1,1 -1,0 A3.5,3.5 0 1,1 -8,0 Z "
        "M1,0 A3.5,3.5 0 1,1 8,0 A3.5,3.5 0 1,1 1,0 Z",
        grave=True,
    ),
    "heal": Sign("h", "cut off no more", "M-6,0 L6,0 M0,-6 L0,6"),
    "command": Sign(">", "your command begins", "M-6,-6 L0,0 L-6,6 M1,6 L7,6"),
    "key": Sign("k", "begun by hand", "M0,-8 L0,8 M-5,3 L0,8 L5,3"),
    OVER: Sign("o", "over", "M-5,0 L-1,5 L6,-6"),
    LOST: Sign("x", "sessions found lost", "M-4.5,-4.5 L4.5,4.5 M-4.5,4.5 L4.5,-4.5", grave=True),
}
_ANYTHING: Final = "M0,-7 L7,0 L0,7 L-7,0 Z"
_UNSEEN: Final = {"stopped"}
"""Not drawn: it follows a mark that is."""


def sign(what: str) -> Sign | None:
    """How a mark looks; None where it is not drawn."""
    if what in _UNSEEN:
        return None
    return _SIGNS.get(what) or Sign("*", what, _ANYTHING)


def in_order(seen: Iterable[str]) -> list[str]:
    """Those marks that are drawn, each once, in the order of a legend: losses come last."""
    drawn = {what: None for what in seen if sign(what)}
    known = [what for what in _SIGNS if what in drawn and what != LOST]
    others = sorted(what for what in drawn if what not in _SIGNS)
    return [*known, *others, *([LOST] if LOST in drawn else [])]
