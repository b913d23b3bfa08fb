"""Whose ``X-Forwarded-*`` headers an application believes.

Illuminate/Http/Middleware/TrustProxies.php, Laravel 8 to 13; fideloper/proxy does the same.
"""

from __future__ import annotations

from typing import Final, TypeAlias

import msgspec

from holdfast.project.operators import truth
from holdfast.project.project import Project
from holdfast.project.values import Array, Known, Unknown, Value

_ALL: Final = ("*", "**")

Texts: TypeAlias = "tuple[str, ...] | Unknown"
"""A list of texts that code gives."""


class TrustedProxies(msgspec.Struct, frozen=True):
    """Whose ``X-Forwarded-*`` headers are believed.

    Args:
        addresses: as they are configured; empty for nobody's.
        place: where it is said.
    """

    addresses: tuple[str, ...]
    place: str

    @property
    def everyone(self) -> bool:
        """Whoever connects is believed."""
        return self.addresses in (("*",), ("**",)) or bool(
            {"REMOTE_ADDR", "0.0.0.0/0"} & set(self.addresses)
        )


def texts(value: Value) -> Texts:
    """A list of texts, or one."""
    if isinstance(value, Unknown):
        return value
    if isinstance(value.value, str):
        return (value.value,)
    if not isinstance(value.value, Array):
        return ()
    if value.value.rest:
        return value.value.rest
    found: list[str] = []
    for element in value.value.items.values():
        if isinstance(element, Unknown):
            return element
        found.append(str(element.value))
    return tuple(found)


def trusting(value: Value, place: str) -> TrustedProxies | Unknown:
    """What ``TrustProxies`` makes of a value (Illuminate/Http/Middleware/TrustProxies.php)."""
    if isinstance(value, Unknown):
        return value
    if not truth(value.value):
        return TrustedProxies((), place)
    if isinstance(value.value, str) and value.value not in _ALL:
        return TrustedProxies(tuple(word.strip() for word in value.value.split(",")), place)
    found = texts(value)
    if isinstance(found, Unknown):
        return found
    if isinstance(value.value, Array):
        # Only a text may be a star; in a list it is an address that nobody has.
        found = tuple(address for address in found if address not in _ALL)
    return TrustedProxies(found, place)


def configured(project: Project, place: str) -> TrustedProxies | Unknown:
    """Where the code says nothing, the configuration may."""
    value = project.get("trustedproxy.proxies")
    if isinstance(value, Known) and value.value is not None:
        place = value.source.places[0]
    return trusting(value, place)
