"""Amounts as Kubernetes writes them, as whole numbers for configuration that knows no suffixes."""

from __future__ import annotations

import math
import re
from decimal import Decimal

MEBI, GIBI = 2**20, 2**30

_FACTORS = {
    "": Decimal(1),
    "m": Decimal("0.001"),
    **{suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGT", 1)},
    **{f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGT", 1)},
}
_QUANTITY = re.compile(r"([0-9.]+)([A-Za-z]*)")


def whole(quantity: str) -> int:
    """Bytes of ``512Mi``; a part of a byte counts as one, as in Kubernetes' ``Quantity.Value``.

    Args:
        quantity: that the specification's pattern has let through.
    """
    match = _QUANTITY.fullmatch(quantity)
    if match is None:
        raise ValueError(quantity)
    return math.ceil(Decimal(match[1]) * _FACTORS[match[2]])


def mebibytes(amount: int) -> str:
    """``20Mi`` for so many bytes, rounded up."""
    return f"{-(-amount // MEBI)}Mi"
