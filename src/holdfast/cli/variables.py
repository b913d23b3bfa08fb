"""The option ``--env``, of several commands."""

from __future__ import annotations

from holdfast.core.errors import UsageError


def variables(pairs: list[str]) -> dict[str, str]:
    """What ``--env NAME=VALUE`` says.

    Raises:
        UsageError: one of them is not that.
    """
    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            # The whole pair is not repeated: it may be a key.
            raise UsageError("--env is not NAME=VALUE", hint="for example --env APP_ENV=production")
        found[name] = value
    return found
