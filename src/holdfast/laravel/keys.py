"""The application's keys: how they are written, and how long they have to be."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from holdfast.core.errors import UsageError
from holdfast.laravel.php_base64 import base64_decode

KEY_BYTES = {"aes-128-cbc": 16, "aes-256-cbc": 32, "aes-128-gcm": 16, "aes-256-gcm": 32}
"""The ciphers, in lower case as Laravel compares them, and the length of their keys."""


def raw_keys(
    key: str, cipher: str = "AES-256-CBC", previous: Sequence[str] = ()
) -> tuple[bytes, ...]:
    """The keys of Laravel's configuration, the current one first.

    Args:
        key: ``app.key``: ``base64:`` and base64 of the key, or the raw key itself.
        cipher: ``app.cipher``, in any case.
        previous: ``app.previous_keys``, in the same form.

    Raises:
        UsageError: no such cipher, or a key that does not fit it.
    """
    name = cipher.lower()
    if name not in KEY_BYTES:
        raise UsageError(f"unsupported cipher {cipher!r}", hint=f"one of {', '.join(KEY_BYTES)}")
    keys = tuple(parse_key(text) for text in (key, *previous))
    for number, raw in enumerate(keys):
        if len(raw) != KEY_BYTES[name]:
            which = "APP_KEY" if number == 0 else f"previous key {number}"
            raise UsageError(
                f"{which} has {len(raw)} bytes, {name} needs {KEY_BYTES[name]}",
                hint="a key is base64:..., without blanks, as `artisan key:generate` writes it",
            )
    return keys


def parse_key(text: str) -> bytes:
    """The raw key of ``base64:...``, or the text's own bytes without that prefix.

    Raises:
        UsageError: text that is neither UTF-8 nor bytes of an environment variable.
    """
    prefix = "base64:"
    if text.startswith(prefix):
        return base64_decode(text[len(prefix) :])
    # os.environ hands bytes that are not UTF-8 over as surrogates. An error of any other is not
    # chained: it would hold the key.
    with contextlib.suppress(UnicodeEncodeError):
        return text.encode("utf-8", "surrogateescape")
    raise UsageError(
        "a key is not text", hint="a key is base64:..., as `artisan key:generate` writes it"
    )
