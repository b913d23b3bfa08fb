"""A new APP_KEY."""

from __future__ import annotations

import base64
import secrets


def fresh_app_key() -> str:
    """A new APP_KEY as ``artisan key:generate`` makes one for AES-256-CBC."""
    return "base64:" + base64.b64encode(secrets.token_bytes(32)).decode()
