"""Texts that match a pattern, a few, always the same.

Hypothesis makes them too (``from_regex``), but takes so many choices for each that a whole
specification of them is more than it draws.
"""

from __future__ import annotations

import random
import re
from re import _constants as op
from re import _parser as parser
from typing import Any

_MOST = 4
"""Repetitions where a pattern has no limit."""


def matching(pattern: str, least: int, most: int, number: int = 8) -> list[str]:
    """Different texts of a length, the shortest first; at least one."""
    draw = random.Random(pattern)
    tree = parser.parse(pattern)
    found = {_drawn(tree, draw) for _ in range(20 * number)}
    fitting = sorted(
        (text for text in found if least <= len(text) <= most), key=lambda t: (len(t), t)
    )
    assert fitting, pattern
    assert all(re.search(pattern, text) for text in fitting), pattern
    return fitting[:1] + fitting[1 :: max(len(fitting) // number, 1)]


def _drawn(tree: Any, draw: random.Random) -> str:
    return "".join(_one(kind, value, draw) for kind, value in tree)


def _one(kind: Any, value: Any, draw: random.Random) -> str:
    if kind is op.LITERAL:
        return chr(value)
    if kind is op.IN:
        return chr(draw.choice([code for part in value for code in _codes(*part)]))
    if kind is op.MAX_REPEAT:
        least, most, inner = value
        times = draw.randint(least, min(most, max(least, _MOST)))
        return "".join(_drawn(inner, draw) for _ in range(times))
    if kind is op.SUBPATTERN:
        return _drawn(value[-1], draw)
    if kind is op.BRANCH:
        return _drawn(draw.choice(value[1]), draw)
    assert kind is op.AT, kind
    return ""


def _codes(kind: Any, value: Any) -> range:
    return range(value[0], value[1] + 1) if kind is op.RANGE else range(value, value + 1)
