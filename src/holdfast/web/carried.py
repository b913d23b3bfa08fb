"""What a request carries of its session: the cookie, opened, and the page's token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.session.grace import Shown

Headers: TypeAlias = Iterable[tuple[bytes, bytes]]

_XSRF = "XSRF-TOKEN"


@dataclass(frozen=True, slots=True)
class Carried:
    """A cookie that could be opened.

    Args:
        sid: what it holds; whether that is an id of a session is not known yet.
        shown: what tells the browser that had it from others.
    """

    sid: str = field(repr=False)
    shown: Shown


@dataclass(frozen=True, slots=True)
class Unopened:
    """A session cookie that none of the application's keys opens, or that is another's."""


def carried(headers: Headers, encrypter: Encrypter, name: str) -> Carried | Unopened | None:
    """What a request's headers carry of a session; None without a session cookie.

    Args:
        headers: of the ASGI scope.
        encrypter: the application's.
        name: the session cookie's.
    """
    wire = _cookie(headers, name.encode())
    if not wire:
        return None
    opened = cookies.open(encrypter, name, wire)
    if opened is None:
        return Unopened()
    return Carried(opened.value, Shown(wire.encode("latin-1"), _token(headers, encrypter)))


def header(headers: Headers, name: bytes) -> bytes | None:
    """The first header of a name in lower case."""
    return next((value for field, value in headers if field.lower() == name), None)


def _token(headers: Headers, encrypter: Encrypter) -> str | None:
    """The page's token, as VerifyCsrfToken takes it (Illuminate/Foundation/Http/Middleware).

    From a header, else from the cookie that scripts take it from. A form's field is the
    application's to read.
    """
    plain = header(headers, b"x-csrf-token")
    if plain:
        return plain.decode("latin-1")
    sealed = header(headers, b"x-xsrf-token")
    wire = _cookie(headers, _XSRF.encode()) if sealed is None else sealed.decode("latin-1")
    opened = None if wire is None else cookies.open(encrypter, _XSRF, wire)
    return None if opened is None else opened.value


def _cookie(headers: Headers, name: bytes) -> str | None:
    """A cookie's value as it came; of several, the first, as PHP takes it."""
    for field_name, value in headers:
        if field_name == b"cookie":
            for pair in value.split(b";"):
                key, equals, text = pair.strip().partition(b"=")
                if equals and key == name:
                    return text.decode("latin-1")
    return None
