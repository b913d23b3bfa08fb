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
    return _fitted(_number(before) + by)


def _number(value: Any) -> int | float:
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
    return _fitted(int(value))


def _fitted(number: float) -> int | float:
    if isinstance(number, float) or INT_MIN <= number <= INT_MAX:
        return number
    return float(number)
