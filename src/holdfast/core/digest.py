"""The handle: what stands for a session id in every output, log line and report.

A session id is a password for as long as the session lives. Its handle is a keyed digest, so that a
reader of a report can tell two sessions apart and nobody can go back to the id, not by trying.
"""

from __future__ import annotations

import hashlib
import hmac

HANDLE_LENGTH = 12
"""Hex digits of a handle: 48 bits, unique in practice among millions, short enough to read out."""


def handle(sid: str, key: bytes) -> str:
    """The handle of a session id: the first hex digits of HMAC-SHA256(key, id).

    The same key gives the same handle everywhere; PHP computes it with
    ``substr(hash_hmac('sha256', $id, $key), 0, 12)``.
    """
    return hmac.new(key, sid.encode(), hashlib.sha256).hexdigest()[:HANDLE_LENGTH]
