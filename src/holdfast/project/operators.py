"""PHP's operators and casts on plain values, where the result is the same in PHP 7.3 to 8.5.

Values are None, bool, int, float, str and ``Array``. Everything raises Undecidable where the result
depends on PHP's version or settings, or PHP would raise an error itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from holdfast.project.values import Array, Known, Scalar, Undecidable, Value

Plain = Scalar | Array

MAX_STRING = 1024 * 1024
"""Characters; a configuration that makes longer texts is not followed."""

ARITHMETIC = ("+", "-", "*", "/", "%")
"""The operators that ``calculated`` knows."""

_INT_RANGE = range(-(2**63), 2**63)
_NUMERIC = re.compile(r"[ \t\n\r\v\f]*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)")
_INTEGER = re.compile(r"[ \t\n\r\v\f]*([+-]?\d{1,19})(?![\d.eE])")


def truth(value: Plain) -> bool:
    """``(bool)``."""
    match value:
        case None:
            return False
        case str():
            return value not in ("", "0")
        case Array():
            if not value.items and value.rest:
                raise Undecidable("whether the array is empty")
            return bool(value.items)
    return bool(value)


def text(value: Plain) -> str:
    """``(string)``."""
    match value:
        case None | False:
            return ""
        case True:
            return "1"
        case int():
            return str(value)
        case float():
            if value.is_integer() and abs(value) < 1e15:
                return str(int(value)) if value or str(value) == "0.0" else "-0"
            if 1e-4 <= abs(value) < 1e15:
                return repr(value)
            raise Undecidable("how PHP writes this number")
        case str():
            return value
    raise Undecidable("an array is no text")


def integer(value: Plain) -> int:
    """``(int)``."""
    match value:
        case None:
            return 0
        case bool() | int():
            return int(value)
        case float():
            if abs(value) < 2**53:
                return int(value)
            raise Undecidable("the number is too large")
        case str():
            found = _NUMERIC.match(value)
            if not found:
                return 0
            if whole := _INTEGER.match(value):
                return _checked(int(whole[1]))
            return integer(float(found[1]))
    return int(truth(value))


def floating(value: Plain) -> float:
    """``(float)``."""
    if isinstance(value, str):
        found = _NUMERIC.match(value)
        return float(found[1]) if found else 0.0
    return float(value if isinstance(value, int | float) else integer(value))


def concatenated(left: Plain, right: Plain) -> str:
    """``.``."""
    return limited(text(left) + text(right))


def limited(result: str) -> str:
    """The text, if it is not too long to be a setting."""
    if len(result) > MAX_STRING:
        raise Undecidable("the text is too long")
    return result


def identical(left: Plain, right: Plain) -> bool:
    """``===``."""
    if isinstance(left, Array) and isinstance(right, Array):
        return _same_arrays(left, right)
    return type(left) is type(right) and left == right


def equal(left: Plain, right: Plain) -> bool:
    """``==``."""
    if isinstance(left, Array) or isinstance(right, Array):
        if isinstance(left, bool | None) or isinstance(right, bool | None):
            return truth(left) == truth(right)
        if isinstance(left, Array) and isinstance(right, Array):
            return _same_arrays(left, right)
        return False
    match left, right:
        case (None, str()) | (str(), None):
            return text(left) == text(right)
        case (bool() | None, _) | (_, bool() | None):
            return truth(left) == truth(right)
        case str(), str():
            ours, theirs = _number(left), _number(right)
            return left == right if ours is None or theirs is None else ours == theirs
    return _numbers(left, right, lambda a, b: a == b)


def less(left: Plain, right: Plain, *, or_equal: bool = False) -> bool:
    """``<`` and ``<=``, for numbers and numeric texts."""
    if isinstance(left, bool | None | Array) or isinstance(right, bool | None | Array):
        raise Undecidable("only numbers are compared by size here")
    return bool(_numbers(left, right, lambda a, b: a <= b if or_equal else a < b))


def calculated(operator: str, left: Plain, right: Plain) -> Plain:
    """``+ - * / %`` of numbers and numeric texts, ``+`` of arrays."""
    if operator == "+" and isinstance(left, Array) and isinstance(right, Array):
        return union(left, right)
    ours, theirs = _operand(left), _operand(right)
    match operator:
        case "+":
            result = ours + theirs
        case "-":
            result = ours - theirs
        case "*":
            result = ours * theirs
        case "/" if theirs and ours % theirs == 0 and isinstance(ours + theirs, int):
            result = ours // theirs
        case "/" if theirs:
            result = ours / theirs
        case "%" if isinstance(ours, int) and isinstance(theirs, int) and theirs > 0 <= ours:
            result = ours % theirs
        case _:
            raise Undecidable("this division")
    return _checked(result) if isinstance(result, int) else result


def union(left: Array, right: Array) -> Array:
    """``+`` of two arrays: the left one's elements win."""
    if left.rest:
        return Array(left.items, left.rest)
    more = {name: value for name, value in right.items.items() if name not in left.items}
    return Array({**left.items, **more}, right.rest)


def negative(value: Plain) -> Plain:
    """``-value``."""
    number = _operand(value)
    return _checked(-number) if isinstance(number, int) else -number


def key(value: Plain) -> int | str:
    """What a value becomes as the key of an array."""
    match value:
        case str():
            canonical = re.fullmatch(r"0|-?[1-9]\d{0,18}", value)
            return int(value) if canonical and int(value) in _INT_RANGE else value
        case None:
            return ""
        case bool() | int():
            return int(value)
    raise Undecidable("no key of an array")


def plain(value: Value) -> Plain:
    """The plain value of a known one; Undecidable for the other."""
    if isinstance(value, Known):
        return value.value
    raise Undecidable(value.why)


def _checked(number: int) -> int:
    if number not in _INT_RANGE:
        raise Undecidable("the number is too large")
    return number


def _number(word: str) -> int | float | None:
    """The number that a numeric text is; None for other texts."""
    bare = word.rstrip(" \t\n\r\v\f")
    found = _NUMERIC.fullmatch(bare)
    if not found:
        return None
    if bare != word:
        raise Undecidable("whether a text with a blank at its end is a number")
    whole = _INTEGER.fullmatch(bare)
    return _checked(int(whole[1])) if whole else float(found[1])


def _operand(value: Plain) -> int | float:
    if isinstance(value, int | float):
        return int(value) if isinstance(value, bool) else value
    if isinstance(value, str) and (number := _number(value)) is not None:
        return number
    raise Undecidable("not a number")


def _numbers(left: Plain, right: Plain, compare: Callable[[float, float], bool]) -> bool:
    return compare(_operand(left), _operand(right))


def _same_arrays(left: Array, right: Array) -> bool:
    if left.rest or right.rest:
        raise Undecidable("whether the arrays are equal")
    if bool(left.items) != bool(right.items):
        return False
    if left.items:
        raise Undecidable("whether the arrays are equal")
    return True
