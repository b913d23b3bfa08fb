"""Base64 as PHP reads it."""

from __future__ import annotations

import binascii
import re

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def base64_decode(text: str | bytes) -> bytes:
    """As PHP's ``base64_decode($text)``: foreign bytes are skipped, padding may be missing."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    letters = _NOT_BASE64.sub(b"", data)
    # A last single letter holds no whole byte; PHP drops it.
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
