"""What is secret among variables: by its name, as an address with a user in it, or as a known key.

`init` lists such names in ``secrets.keys``, `render` refuses them in ``config``, and the API server
does so in CEL: the patterns are those that all engines understand.
"""

from __future__ import annotations

import re

_NAMES = (
    "(?i)(^|_)(KEYS?|SECRETS?|PASSWORDS?|PASSWD|PASSPHRASE|PASS|PWD|TOKENS?|DSN|CREDENTIALS?|PRIVATE"
    "|SALT|SIGNATURE|WEBHOOK)(_|$)|(KEY|SECRET|PASSWORD|TOKEN)$"
)
"""Names of secrets, and of what is about them."""

_ABOUT = (
    "(?i)_(TTL|TABLE|BROKER|TIMEOUT|EXPIR[A-Z_]*|LENGTH|LIFETIME|ENABLED|ROUNDS|PREFIX|HOURS"
    "|MINUTES|DAYS|SECONDS|(PUBLIC|PUBLISHABLE|SITE)_KEY)$|FOREIGN_KEYS?$"
)
"""Names of what is said about a secret and is none, and of keys that are public by their name."""

_WITH_USER = "://[^/@]+@"
"""An address with a user in it, whose name can be the key: ``https://key@sentry.example.com/1``."""

_KNOWN = (
    "^(AKIA|ASIA)[A-Z0-9]{16}"
    "|^(gh[opsru]_|github_pat_|glpat-)[A-Za-z0-9]"
    "|^(sk|rk)_live_|^sk-[A-Za-z0-9]|^whsec_"
    "|^xox[abeprs]-|hooks[.]slack[.]com/services/"
    "|-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----"
    "|^base64:[A-Za-z0-9+/]{43}=$"
)
"""By how their issuers let them begin: keys of AWS, GitHub, GitLab, Stripe, Slack; keys in PEM; an
APP_KEY. Not in CEL: a pattern's cost there is its length times that of the longest value, and with
200 variables of 8192 characters this one is beyond what the API server takes a rule with."""


def is_secret(name: str, value: str) -> bool:
    """Whether a variable is for nobody's eyes."""
    return is_marked(name, value) or is_known_key(value)


def is_marked(name: str, value: str) -> bool:
    """Whether it is so by its name, or as an address with a user in it: what ``cel`` says too."""
    named = re.search(_NAMES, name) and not re.search(_ABOUT, name)
    return bool(named or re.search(_WITH_USER, value))


def is_known_key(value: str) -> bool:
    """Whether a value is the key of a service, whatever its variable is called."""
    return bool(re.search(_KNOWN, value))


def cel(name: str, value: str) -> str:
    """``is_marked`` in CEL.

    Args:
        name: the expression of the variable's name.
        value: of its value.
    """
    return (
        f"({name}.matches('{_NAMES}') && !{name}.matches('{_ABOUT}')"
        f" || {value}.matches('{_WITH_USER}'))"
    )
