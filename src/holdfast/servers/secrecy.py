"""What a server's log may repeat of what it was started with, and what of that nobody may read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote, urlsplit

_NAME = re.compile(r"key|pass|pwd|secret|token|auth|credential", re.IGNORECASE)


def secrets_in(env: Mapping[str, str]) -> Iterator[str]:
    """The values of variables that are secret by their name, and the passwords of URLs."""
    for name, value in env.items():
        if _NAME.search(name):
            yield from (value, value.removeprefix("base64:"))
        try:
            password = urlsplit(value).password
        except ValueError:
            continue
        if password:
            yield from (password, unquote(password))


def masked(text: str, secrets: Iterable[str]) -> str:
    """The text with ``***`` for each of the secrets."""
    # The longest first: one may be the beginning of another.
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        text = text.replace(secret, "***")
    return text
