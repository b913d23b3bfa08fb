"""Environment variables as Laravel takes them."""

from __future__ import annotations

import re

_LITERALS: dict[str, bool | str | None] = {"true": True, "false": False, "null": None, "empty": ""}
_QUOTED = re.compile(r"(['\"])(.*)\1")


def env_value(text: str) -> bool | str | None:
    """What ``env()`` makes of a variable's text (Illuminate/Support/Env.php)."""
    bare = text.lower()
    if bare.startswith("(") and bare.endswith(")"):
        bare = bare[1:-1]
    if bare in _LITERALS:
        return _LITERALS[bare]
    quoted = _QUOTED.fullmatch(text)
    return quoted[2] if quoted else text
