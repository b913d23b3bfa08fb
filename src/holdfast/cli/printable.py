"""Text that any document may hold: what neither HTML nor XML 1.0 allows is replaced."""

from __future__ import annotations

import re

_FORBIDDEN = re.compile(
    "[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd\U00010000-\U0010fffd]"
)


def printable(text: str) -> str:
    """The text with U+FFFD for control characters, lone surrogates and non-characters."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
