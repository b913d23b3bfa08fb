"""Who may follow a session to its new id: the browser that had the old one, and nobody else.

A login gives the session a new id. Requests that the browser has sent before still carry the old
cookie; for some seconds they are led to the new id, if they show what only that browser has: the
very cookie, as sealed, that came with the login, and, where they show a token, the old page's.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

_PART = 16
"""Bytes of each half of a seal; 128 bits of a digest."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a request shows of the browser that sent it.

    Args:
        cookie: the session cookie as it came, sealed.
        token: the page's CSRF token, from a header or the ``XSRF-TOKEN`` cookie; None without.
    """

    cookie: bytes = field(repr=False)
    token: str | None = field(default=None, repr=False)


def seal(cookie: bytes, token: str) -> bytes:
    """What is kept beside a replaced id: 32 bytes, from which neither can be found.

    Args:
        cookie: the session cookie, sealed, of the request that replaced the id.
        token: the token of the session as it was before.
    """
    return _digest(cookie) + _digest(token.encode())


def admits(sealed: bytes, shown: Shown | None) -> bool:
    """Whether a request comes from the browser that a seal was made for."""
    if shown is None or not hmac.compare_digest(sealed[:_PART], _digest(shown.cookie)):
        return False
    return shown.token is None or accepts(sealed, shown.token)


def accepts(sealed: bytes, token: str) -> bool:
    """Whether it is the token of the session as it was before its id was replaced."""
    return hmac.compare_digest(sealed[_PART:], _digest(token.encode()))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()[:_PART]
