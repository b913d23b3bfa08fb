"""Which names stand for what must not be shown, and which names and values for what may be."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_SECRET: Final = re.compile(
    r"password|passwd|passphrase|pwd|secret|token|credential|authorization|requirepass|masterauth"
    r"|signature|hmac"
    r"|(?:pass|pw|salt|creds?|jwt|dsn|webhook)$"
    r"|(?:^|[_.-])(?:auth|pin|otp|pat)$"
    r"|[_.-]keys?$"
    r"|(?:app|api|access|private|previous|encryption|signing|master|shared|server|ssh)[_.-]?keys?",
    re.IGNORECASE,
)
_ABOUT: Final = re.compile(
    r"(?:name|ref|file|path|arn|url|uri|provider|class|type|ttl|lifetime|timeout|seconds|mode"
    r"|enabled|driver|table|length|header|cookie|broker|generator)s?$",
    re.IGNORECASE,
)
"""Ends the name of what is about a secret and is none: ``secretKeyRef``, ``tokenTtl``."""

_ADDRESS_IS_SECRET: Final = re.compile(r"webhook[_.-]?ur[li]$", re.IGNORECASE)

_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]+|[A-Z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)+|Cookie")
"""A variable of the environment, or a header."""

_HARMLESS: Final = re.compile(
    r"(?:SESSION|CACHE|QUEUE|OCTANE|PHP|FPM|REVERB_SCALING|AUTORUN)_\w+"
    r"|(?:\w+_)?(?:DRIVER|CONNECTION|STORE|HOST|HOSTS|NAME|PORT|ENV|DEBUG|URL|URI|DOMAINS?|PATH|FILE"
    r"|DIR|ROOT|TIMEOUT|LIFETIME|LEVEL|CHANNEL|LOCALE|TIMEZONE|TZ|LANG|PREFIX|CLIENT|SERVER|MODE"
    r"|ENABLED|DATABASE|DB|PROXIES|SERIALIZER|DISK|LIMIT|SIZE|VERSION|REGION|BUCKET|CLUSTER|SCHEME"
    r"|CIPHER|TTL|SECONDS|INTERVAL|TRIES|COUNT|POLICY|WORKERS|USER|GROUP|UID|GID)"
    r"|REDIS_PERSISTENT|APP_MAINTENANCE_\w+"
    r"|Host|Connection|Upgrade|X-Forwarded-\w+|X-Real-IP|X-Frame-Options|X-XSS-Protection"
    r"|X-Content-Type-Options|X-Robots-Tag|(?:Content|Accept|Cache|Strict|Referrer)-[\w-]+"
)
_HARMLESS_VALUE: Final = (
    r"""["']?(?:true|false|null|yes|no|on|off|none|~|\d{1,6}(?:\.\d{1,3})*[a-zA-Z%]{0,2}|\$[\w$/.{}()-]+|\*"""
    r"|file|redis|array|cookie|database|memcached|dynamodb|apc|phpredis|predis|sync|cookie"
    r"|mysql|mariadb|pgsql|sqlite|s3|public|log|smtp|stack|single|daily|std(?:err|out)"
    r"|production|staging|testing|development|local|lax|strict|https?)?"
    r"""["']?"""
)
_ALONE: Final = re.compile(_HARMLESS_VALUE + r"(?=\s*(?:$|[,;)\]}]|\s#))", re.IGNORECASE)
_AS_A_WORD: Final = re.compile(_HARMLESS_VALUE + r"(?=\s|$|[,;)\]}])", re.IGNORECASE)


@lru_cache(maxsize=10_000)  # a few names make up most of all lines
def is_secret(name: str) -> bool:
    """Whether the value of this key, variable or option is one that must not be shown."""
    about = _ABOUT.search(name) and not _ADDRESS_IS_SECRET.search(name)
    return bool(_SECRET.search(name) or _ADDRESS_IS_SECRET.search(name)) and not about


@lru_cache(maxsize=10_000)
def is_unknown(name: str) -> bool:
    """Whether a variable or header is one of which nobody here knows whether it is secret."""
    return bool(_VARIABLE.fullmatch(name)) and not _HARMLESS.fullmatch(name)


def hides(name: str, value: str, *, word: bool = False) -> bool:
    """Whether that value of that name is not shown.

    Args:
        name: a key, variable, option or header.
        value: what follows, and what else is on the line.
        word: whether the value ends at white space.
    """
    if is_secret(name):
        return True
    return is_unknown(name) and not (_AS_A_WORD if word else _ALONE).match(value)
