"""What a word of YAML means to kubectl.

kubectl reads YAML by sigs.k8s.io/yaml (go.yaml.in/yaml/v2, ``resolve.go``), makes JSON of it and
reads that: neither YAML 1.1 nor 1.2. ``on`` and ``y`` are true, ``0123`` is 83, ``1:30`` and dates
are strings, and ``8.10`` is 8.1. What kubectl 1.32 makes of each is in the tests.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import struct
from decimal import Decimal

Scalar = str | int | float | bool | None

_TAG = "tag:yaml.org,2002:"
_TRUE = ("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON")
_FALSE = ("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(_TRUE, True),
    **dict.fromkeys(_FALSE, False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), math.inf),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), -math.inf),
}
_NUMERIC = frozenset("+-.0123456789")
_INTEGER = re.compile(
    r"(?P<sign>[-+]?)(?:0[xX](?P<hex>[0-9a-fA-F]+)|0[bB](?P<bin>[01]+)|0[oO]?(?P<oct>[0-7]+)"
    r"|(?P<dec>0|[1-9][0-9]{0,19}))$"
)
_BASES = {"hex": 16, "bin": 2, "oct": 8, "dec": 10}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$")
_KINDS: dict[str, tuple[type, ...]] = {
    "bool": (bool,),
    "int": (int,),
    "float": (float, int),
    "null": (type(None),),
}


def plain(text: str) -> Scalar:
    """The value of a word without quotes and tag.

    Raises:
        ValueError: JSON has no such number; the message reads after the word.
    """
    value = _resolved(text)
    if not isinstance(value, float):
        return value
    if not math.isfinite(value):
        raise ValueError("is a number that JSON does not have")
    if not value.is_integer() or abs(value) > 2**63:
        return value
    # JSON has no difference between 1.0 and 1, and kubectl goes through its shortest digits.
    whole = int(Decimal(repr(value)))
    return whole if -(2**63) <= whole < 2**63 else value


def tagged(tag: str, text: str) -> Scalar:
    """The value of a word with a tag; tags that are not YAML's own make strings.

    Raises:
        ValueError: it is no value of that kind; the message reads after the word.
    """
    kind = tag.removeprefix(_TAG)
    if kind == tag:
        return text
    if kind == "binary":
        try:
            return base64.b64decode(text.replace("\n", ""), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise ValueError("is not a text in base64") from error
    if kind not in _KINDS:
        return text
    value = _resolved(text)
    if not isinstance(value, _KINDS[kind]) or (kind != "bool" and isinstance(value, bool)):
        raise ValueError(f"is not of the kind !!{kind}")
    return plain(text)


def key(text: str) -> str:
    """How a key without quotes and tag is spelled in JSON.

    Raises:
        ValueError: kubectl refuses it; the message reads after the word.
    """
    value = _resolved(text)
    if isinstance(value, str):  # nearly all
        return value
    match value:
        case bool() as truth:
            return "true" if truth else "false"
        case float() as number:
            return _shortest(number)
        case None:
            raise ValueError("is null, and no key")
        case other:
            return str(other)


def _resolved(text: str) -> Scalar:
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if text[0] in _NUMERIC else text


def _number(text: str) -> Scalar:
    digits = text if text.startswith("._") else text.replace("_", "")
    if found := _INTEGER.match(digits):
        base = next(name for name in _BASES if found[name])
        value = int(found["sign"] + found[base], _BASES[base])
        if -(2**63) <= value < 2**63:
            return value
        return float(value) if base == "dec" or 0 < value < 2**64 else text
    if not _FLOAT.match(digits):
        return text
    number = float(digits)
    return text if math.isinf(number) else number


def _shortest(number: float) -> str:
    """As Go's ``FormatFloat(number, 'g', -1, 32)`` has it."""
    if math.isnan(number):
        return ".nan"
    try:
        single = struct.pack("f", number)
    except OverflowError:
        return ".inf" if number > 0 else "-.inf"
    if math.isinf(number):
        return ".inf" if number > 0 else "-.inf"
    digits = next(n for n in range(1, 10) if struct.pack("f", float(f"{number:.{n}g}")) == single)
    mantissa, _, exponent = f"{number:.{digits - 1}e}".partition("e")
    return f"{number:.{digits}g}" if -4 <= int(exponent) < 6 else f"{mantissa}e{exponent}"
