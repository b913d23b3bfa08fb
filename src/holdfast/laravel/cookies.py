"""Laravel's cookies: sealed with the application's key, bound to their name.

EncryptCookies (Illuminate/Cookie/Middleware/EncryptCookies.php) encrypts every cookie without PHP's
serialize; the plaintext begins with a MAC of the cookie's own name (Illuminate/Cookie/
CookieValuePrefix.php), so that one cookie's value cannot be used as another's.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Literal
from urllib.parse import quote, unquote_to_bytes

from holdfast.core.errors import DecryptError
from holdfast.laravel.encrypter import Encrypter

PREFIX_LENGTH = 41
"""Forty hex digits and a bar."""

MAX_COOKIE_BYTES = 16 * 1024
"""A longer cookie is not opened; browsers keep 4,096 bytes, servers take 8 to 16 KiB of headers."""

_RESERVED = str.maketrans({char: quote(char) for char in "=,; \t\r\n\v\f"})


@dataclass(frozen=True, slots=True)
class OpenedCookie:
    """A cookie's value, and which key opened it: 0 the current one, 1 and up the previous ones."""

    value: str = field(repr=False)
    key_index: int


def prefix(name: str, key: bytes) -> str:
    """What stands before the value of a cookie of this name: hex HMAC-SHA1 of ``{name}v2``, bar."""
    return hmac.new(key, name.encode() + b"v2", hashlib.sha1).hexdigest() + "|"


def seal(encrypter: Encrypter, name: str, value: str, *, iv: bytes | None = None) -> str:
    """The envelope that Laravel puts into a cookie; :func:`to_wire` escapes it for the header.

    Args:
        encrypter: the application's.
        name: the cookie's name.
        value: what it is to hold.
        iv: for tests that compare bytes; never pass one otherwise.
    """
    return encrypter.encrypt_string(prefix(name, encrypter.keys[0]) + value, iv=iv)


def open(encrypter: Encrypter, name: str, wire_value: str) -> OpenedCookie | None:
    """Open a cookie as it came in a ``Cookie`` header, escaped or not.

    None where Laravel would take it for absent: no envelope, no key fits, or sealed for another
    name. So is a value that is not UTF-8, which Laravel would hand on. The prefix is checked with
    every key, as Laravel 11 and later do, whichever key decrypted it.
    """
    if len(wire_value) > MAX_COOKIE_BYTES:
        return None
    try:
        opened = encrypter.open(unquote_to_bytes(wire_value))
        text = opened.plaintext.decode()
    except (DecryptError, UnicodeError):
        return None
    head = text[:PREFIX_LENGTH].encode()
    fits = [hmac.compare_digest(prefix(name, key).encode(), head) for key in encrypter.keys]
    if not any(fits):
        return None
    return OpenedCookie(text[PREFIX_LENGTH:], opened.key_index)


def to_wire(value: str) -> str:
    """PHP's ``rawurlencode``, which Symfony applies to a cookie's value."""
    return quote(value, safe="-_.~")


def set_cookie(
    name: str,
    value: str,
    *,
    now: int,
    lifetime: int | None,
    path: str = "/",
    domain: str | None = None,
    secure: bool = False,
    http_only: bool = True,
    same_site: Literal["lax", "strict", "none"] | None = "lax",
    partitioned: bool = False,
) -> str:
    """The text of a ``Set-Cookie`` header as Laravel 9 and later write it.

    As Symfony/Component/HttpFoundation/Cookie.php prints it. Laravel 8 differs in the date alone
    (``24-Nov-2026``); browsers read both.

    Args:
        name: the cookie's name; what would end it is escaped.
        value: the sealed value, unescaped; not empty.
        now: epoch seconds.
        lifetime: seconds; None: until the browser closes.
        path, domain, secure, http_only, same_site, partitioned: as in ``config/session.php``.
    """
    parts = [f"{name.translate(_RESERVED)}={to_wire(value)}"]
    if lifetime is not None:
        # Not strftime: it would write the day in the language of the process.
        parts.append(f"expires={formatdate(now + lifetime, usegmt=True)}")
        parts.append(f"Max-Age={lifetime}")
    parts.append(f"path={path or '/'}")
    if domain:
        parts.append(f"domain={domain}")
    if secure:
        parts.append("secure")
    if http_only:
        parts.append("httponly")
    if same_site:
        parts.append(f"samesite={same_site}")
    if partitioned:
        parts.append("partitioned")
    return "; ".join(parts)
