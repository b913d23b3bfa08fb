"""Kubernetes' quantities as numbers."""

from __future__ import annotations

import math
import re
from fractions import Fraction

_QUANTITY = re.compile(r"([0-9]+(?:[.][0-9]+)?)([mkMGT]?|[KMGT]i)")
_UNITS = {
    "m": Fraction(1, 1000), "": Fraction(1),
    "k": Fraction(10**3), "M": Fraction(10**6), "G": Fraction(10**9), "T": Fraction(10**12),
    "Ki": Fraction(2**10), "Mi": Fraction(2**20), "Gi": Fraction(2**30), "Ti": Fraction(2**40),
}  # fmt: skip

MEBI = 2**20
GIBI = 2**30


def in_bytes(quantity: str) -> int:
    """How many bytes a quantity of memory or storage is, rounded down.

    Args:
        quantity: as ``words.Quantity`` has it.

    Raises:
        ValueError: it is none.
    """
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError(f"{quantity!r} is no quantity")
    return math.floor(Fraction(match[1]) * _UNITS[match[2]])
