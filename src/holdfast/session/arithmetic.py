"""PHP's addition, for counters.

Text that is a number counts as one; what does not fit into 64 bits is a float.
"""

from __future__ import annotations

import re
from typing import Any

from holdfast.laravel.php.values import INT_MAX, INT_MIN

_SPACE = r"[ \t\n\r\v\f]*"
_DIGITS = r"([0-9]+)|[0-9]+\.[0-9]*|\.[0-9]+"
_NUMBER = re.compile(rf"{_SPACE}[+-]?(?:{_DIGITS})([eE][+-]?[0-9]+)?{_SPACE}")


def added(before: Any, by: int) -> int | float:
    """``$before + $by`` as PHP 8 computes it; null is 0.

    Raises:
        TypeError: PHP cannot add to it, or would with a warning.
    """
    return fitted(number(before) + by)


def number(value: Any) -> int | float:
    """What PHP adds to where this stands: null and false are 0, true is 1, text is what it says.

    Raises:
        TypeError: as in `added`.
    """
    if value is None:
        return 0
    if isinstance(value, int | float):
        return value
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise TypeError(f"a {type(value).__name__} that is no number cannot be counted on")
    whole, exponent = match.groups()
    # Python refuses to make an int of thousands of digits; 20 are no int in PHP already.
    if exponent or whole is None or len(whole.lstrip("0")) >= 20:
        return float(value)
    return fitted(int(value))


def fitted(result: float) -> int | float:
    """As PHP adds: what does not fit into 64 bits is a float."""
    if isinstance(result, float) or INT_MIN <= result <= INT_MAX:
        return result
    return float(result)
