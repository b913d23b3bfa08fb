"""What visitors must know of an application: where they go, and how its cookies are read."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.laravel.payload import Serialization
from holdfast.rehearsal.observation import Reader

EXAMPLE = "POST /login email=visitor{n}@example.com password=env:SHOP_PASSWORD"

_METHODS = ("POST", "PUT", "PATCH")
_NUMBER = "{n}"
_PATH = re.compile("/(?!/)[!-~]*")


@dataclass(frozen=True, slots=True)
class Login:
    """How a visitor logs in.

    Args:
        method: POST, as a rule.
        path: with its query, ``/login``.
        fields: of the form, without ``_token``; ``{n}`` in a value is the visitor's number.
    """

    method: str
    path: str
    fields: Mapping[str, str] = field(repr=False)

    def body(self, number: int, token: str) -> bytes:
        """The form as a browser sends it, for one visitor."""
        filled = {name: text.replace(_NUMBER, str(number)) for name, text in self.fields.items()}
        return urlencode({"_token": token, **filled}).encode()


@dataclass(frozen=True, slots=True)
class Site:
    """An application as visitors see it.

    Args:
        reader: of its cookies.
        path: the page that they visit.
        login: None where they stay guests.
        encrypt, serialization: how it keeps its sessions, ``session.encrypt`` and
            ``session.serialization``; for stores that can be read from here.
    """

    reader: Reader
    path: str = "/"
    login: Login | None = None
    encrypt: bool = False
    serialization: Serialization = "php"

    @property
    def plain(self) -> bool:
        """Whether nobody has said where visitors should go."""
        return self.path == "/" and self.login is None


def require_path(path: str) -> str:
    """A path and query that begin at the application's root.

    Raises:
        UsageError: it is none.
    """
    if _PATH.fullmatch(path) is None:
        raise UsageError(f"{path!r} is no path of the application", hint="it begins with /")
    return path


def parse_login(text: str, env: Mapping[str, str]) -> Login:
    """Read ``METHOD PATH NAME=VALUE...``, split as a shell does.

    Args:
        text: for example EXAMPLE.
        env: where a value ``env:NAME`` is looked up.

    Raises:
        UsageError: it cannot be read; no value is shown.
        EnvironmentLacking: a variable is not set.
    """
    login = split_login(text)
    fields = {name: _value(name, value, env) for name, value in login.fields.items()}
    return replace(login, fields=fields)


def split_login(text: str) -> Login:
    """The same with values as they stand, ``env:NAME`` for one; raises UsageError."""
    try:
        method, path, *pairs = shlex.split(text)
    except ValueError as error:
        raise UsageError("not METHOD PATH FIELDS", hint=f"for example: {EXAMPLE}") from error
    if method.upper() not in _METHODS:
        raise UsageError(
            f"{method[:20]!r} logs nobody in, but one of {', '.join(_METHODS)}",
            hint=f"for example: {EXAMPLE}",
        )
    fields: dict[str, str] = {}
    for number, pair in enumerate(pairs, start=1):
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"field {number} is not NAME=VALUE", hint=f"for example: {EXAMPLE}")
        fields[name] = value
    return Login(method.upper(), require_path(path), fields)


def _value(name: str, value: str, env: Mapping[str, str]) -> str:
    prefix, colon, variable = value.partition(":")
    if prefix != "env" or not colon:
        return value
    found = env.get(variable)
    if not found:
        raise EnvironmentLacking(
            f"the environment variable {variable} is not set",
            hint=f"the field {name} of the login is read from it; export it",
        )
    return found
