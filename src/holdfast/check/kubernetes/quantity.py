"""Amounts of memory as Kubernetes writes them (``512Mi``, ``1G``, ``1.5Gi``)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,9})?)([kMGTPE]i?|Ki|m|e[0-9]{1,2})?")
_SUFFIXES: Final = {
    "": Decimal(1), "m": Decimal("0.001"),
    "k": Decimal(10**3), "M": Decimal(10**6), "G": Decimal(10**9), "T": Decimal(10**12),
    "P": Decimal(10**15), "E": Decimal(10**18),
    "Ki": Decimal(2**10), "Mi": Decimal(2**20), "Gi": Decimal(2**30), "Ti": Decimal(2**40),
    "Pi": Decimal(2**50), "Ei": Decimal(2**60),
}  # fmt: skip


def quantity_bytes(value: Any) -> int | None:
    """Bytes of a quantity (apimachinery v0.34, ``resource.Quantity``); None where it is none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value if value >= 0 else None
    if not isinstance(value, str):
        return None
    match = _QUANTITY.fullmatch(value)
    if match is None:
        return None
    suffix = match[2] or ""
    if suffix.startswith("e"):
        return int(Decimal(match[1]) * 10 ** int(suffix[1:]))
    factor = _SUFFIXES.get(suffix)
    return None if factor is None else int(Decimal(match[1]) * factor)
