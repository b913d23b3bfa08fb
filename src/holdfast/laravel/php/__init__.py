"""PHP's ``serialize()`` format, which Laravel keeps sessions in.

`loads` and `dumps` do whole values; `SessionArray` is the lazy view of the top-level array that the
rest of Holdfast uses. Objects, enum cases and references are `Opaque`: kept as bytes, looked into,
never instantiated. Bad input raises `holdfast.core.errors.FormatError` and nothing else.
"""

from __future__ import annotations

from holdfast.laravel.php.eager import dumps, loads
from holdfast.laravel.php.opaque import Kind, Opaque
from holdfast.laravel.php.session import SessionArray
from holdfast.laravel.php.values import (
    Key,
    Limits,
    PhpFloat,
    PropertyName,
    Value,
    as_list,
    float_text,
    split_property_name,
)

__all__ = [
    "Key",
    "Kind",
    "Limits",
    "Opaque",
    "PhpFloat",
    "PropertyName",
    "SessionArray",
    "Value",
    "as_list",
    "dumps",
    "float_text",
    "loads",
    "split_property_name",
]
