"""Names that Laravel derives: session ids, cookie names, key prefixes, login keys."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Literal, TypeAlias

Version: TypeAlias = Literal[8, 9, 10, 11, 12, 13]
"""The Laravel whose skeleton the application was made from: its config files stay when it is
upgraded, so the version of the framework itself says nothing about these names."""

SESSION_GUARD = "Illuminate\\Auth\\SessionGuard"

_SESSION_ID = re.compile(r"[A-Za-z0-9]{40}")
_TO_ASCII = str.maketrans(
    {"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O"}
    | {"ð": "d", "Ð": "D", "þ": "th", "Þ": "TH", "ł": "l", "Ł": "L", "đ": "d", "Đ": "D"}
    | {"ħ": "h", "Ħ": "H", "ŧ": "t", "Ŧ": "T", "ŋ": "n", "Ŋ": "N", "ı": "i", "ĸ": "k", "ſ": "s"}
    | {"ĳ": "ij", "Ĳ": "IJ", "ŀ": "l", "Ŀ": "L", "ŉ": "n", "ª": "a", "º": "o"}
    | {"¹": "1", "²": "2", "³": "3", "¢": "c", "£": "PS", "¥": "YEN", "€": "EUR"}
    | dict.fromkeys("–—", "-")
    | dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009", " ")
    | dict.fromkeys("\u200a\u200b\u2028\u2029\u202f\u205f", " ")
)
# PCRE's \s in its Unicode mode; Python's has four control characters more.
_SPACES = re.compile(r"[^\S\x1c-\x1f]+")


def is_session_id(text: str) -> bool:
    """True for exactly 40 ASCII letters and digits (Illuminate/Session/Store.php, isValidId)."""
    return _SESSION_ID.fullmatch(text) is not None


def slug(text: str, separator: Literal["_", "-"]) -> str:
    """``Str::slug`` (Illuminate/Support/Str.php) for names that an application is likely to have.

    Exact for Europe's Latin letters and Vietnamese (Latin-1, Latin Extended-A, ș and ț, U+1EA0 to
    1EF9) and for general punctuation (U+2000 to 206F): letters lose their accents. Other scripts,
    which Laravel transliterates by a table of its own (voku/portable-ascii), are dropped: an
    application named in one should set SESSION_COOKIE itself.
    """
    folded = unicodedata.normalize("NFD", text.translate(_TO_ASCII))
    ascii_text = folded.encode("ascii", "ignore").decode()
    other = "-" if separator == "_" else "_"
    joined = re.sub(f"[{other}]+", separator, ascii_text)
    joined = joined.replace("@", f"{separator}at{separator}").lower()
    kept = re.sub(rf"[^{separator}a-z0-9 \t\r\n]+", "", joined)
    return re.sub(rf"[{separator} \t\r\n]+", separator, kept).strip(separator)


def snake(text: str) -> str:
    """``Str::snake`` (Illuminate/Support/Str.php): no transliteration, punctuation is kept."""
    if re.fullmatch("[a-z]+", text):
        return text
    words = re.sub(r"(^|[ \t\r\n\f\v])([a-z])", lambda m: m[1] + m[2].upper(), text)
    return re.sub("(.)(?=[A-Z])", r"\1_", _SPACES.sub("", words)).lower()


def session_cookie(app_name: str, version: Version) -> str:
    """``session.cookie`` in the skeleton of a version (12 from v12.3.0 on)."""
    if version >= 12:
        return f"{slug(app_name, '-')}-session"
    return f"{slug(app_name, '_')}_session"


def redis_prefix(app_name: str, version: Version) -> str:
    """``database.redis.options.prefix`` in the skeleton of a version (12 from v12.1.0 on)."""
    if version >= 12:
        return f"{slug(app_name, '-')}-database-"
    return f"{slug(app_name, '_')}_database_"


def cache_prefix(app_name: str, version: Version) -> str:
    """``cache.prefix`` in the skeleton of a version (9 from v9.0.1, 12 from v12.1.0 on)."""
    if version >= 12:
        return f"{slug(app_name, '-')}-cache-"
    return f"{slug(app_name, '_')}_cache" + ("" if version == 8 else "_")


def session_key_prefix(redis: str, cache: str, version: Version) -> str:
    """What stands before a session id in Redis: both prefixes, and a colon up to Laravel 10.

    Args:
        redis: the connection's prefix.
        cache: the cache's; the colon belongs to it and is left out where it is empty
            (Illuminate/Cache/RedisStore.php, setPrefix).
        version: of the framework that runs; RedisStore lost the colon with 11.0.
    """
    return f"{redis}{cache}:" if cache and version <= 10 else f"{redis}{cache}"


def login_key(guard: str = "web", guard_class: str = SESSION_GUARD) -> str:
    """The attribute that holds the id of the logged-in user (Illuminate/Auth/SessionGuard.php)."""
    # PHP's choice, a name and no protection.
    digest = hashlib.sha1(guard_class.encode(), usedforsecurity=False).hexdigest()
    return f"login_{guard}_{digest}"
