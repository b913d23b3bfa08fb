"""Numbers in messages, as a person writes them."""

from __future__ import annotations

from decimal import Decimal


def in_digits(number: float) -> str:
    """``100000000`` where Python would say 1e+08, ``0.5``, ``30`` for 30.0; ``nan`` and ``inf``."""
    exact = Decimal(str(number))
    return f"{exact.normalize():f}" if exact.is_finite() else str(number)
