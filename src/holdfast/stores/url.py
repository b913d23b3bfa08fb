"""The URL of a store: taken apart and checked, without opening anything.

``scheme://user:password@host:port/path?name=value``; everything percent-decoded, a plus sign is a
plus sign. Some kinds take several hosts, ``host:port,host:port``. No message quotes user, password
or the value of a parameter that could be a key.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from holdfast.core.errors import EnvironmentLacking, UsageError
from holdfast.laravel.names import Version
from holdfast.stores import LOCK_SCHEMES, SCHEMES, Scheme

COMMON = frozenset({"lifetime", "key", "cipher", "previous", "serialization", "encrypt", "laravel"})
"""The query parameters that every kind of store has."""


@dataclass(frozen=True, slots=True)
class Grammar:
    """The URLs that are understood: the schemes, and the parameters that all of them have."""

    schemes: Mapping[str, Scheme]
    common: frozenset[str]


SESSIONS = Grammar(SCHEMES, COMMON)
LOCKS = Grammar(LOCK_SCHEMES, frozenset({"laravel"}))

LARAVEL_VERSIONS = range(8, 14)
"""The members of ``Version``."""


@dataclass(frozen=True, slots=True)
class StoreUrl:
    """A store's URL, taken apart; ``parameters`` has known names only, each once.

    ``host`` and ``port`` are the first ones, ``more`` those after it, for kinds that take several.
    """

    scheme: str
    host: str = ""
    port: int | None = None
    more: tuple[tuple[str, int | None], ...] = ()
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    path: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def lifetime(self) -> int:
        """Seconds; Laravel's default of 120 minutes where nothing is said."""
        return self.number("lifetime", 7200, range(1, 2**31))

    @property
    def laravel(self) -> Version:
        """The major version whose defaults count where nothing is said."""
        return cast(Version, self.number("laravel", 12, LARAVEL_VERSIONS))

    def number(self, name: str, default: int, allowed: range) -> int:
        """A parameter as a whole number; UsageError unless it is one within ``allowed``."""
        text = self.parameters.get(name)
        if text is None:
            return default
        # Python refuses to count more than 4,300 digits.
        if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) in allowed):
            raise UsageError(
                f"{name}={text} in the {self.scheme} store's URL is not a whole number "
                f"between {allowed[0]} and {allowed[-1]}",
                hint=f"for example {name}={default}",
            )
        return int(text)

    def choice(self, name: str, default: str, allowed: Collection[str]) -> str:
        """A parameter that is one of several words; UsageError for any other."""
        text = self.parameters.get(name, default)
        if text not in allowed:
            raise UsageError(
                f"{name}={text} in the {self.scheme} store's URL is not known",
                hint=f"{name} is one of {', '.join(sorted(allowed))}",
            )
        return text

    def absolute_path(self) -> str:
        """The path of a URL that names a file or directory of this machine."""
        if self.host not in ("", "localhost") or not self.path.startswith("/"):
            raise UsageError(
                f"the {self.scheme} store's URL names no absolute path",
                hint=f"write {self.scheme}:///absolute/path, with three slashes",
            )
        return "/" + self.path.lstrip("/")


def parse(url: str, grammar: Grammar = SESSIONS) -> StoreUrl:
    """Take a store's URL apart.

    Raises:
        UsageError: no URL, an unknown scheme or parameter, one given twice, a bad port.
    """
    scheme, colon, _rest = url.partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in grammar.schemes:
        # Without a colon, or with one in the wrong place, what stands there may be a password.
        shown = f"scheme {scheme}" if colon and scheme.isalnum() else "store"
        raise UsageError(f"unknown {shown}", hint=_schemes_hint(scheme, grammar.schemes))
    try:
        parts = urlsplit(url)
        places = parts.netloc.rpartition("@")[2]
        several = grammar.schemes[scheme].several
        first, *more = map(_place, places.split(",") if several else [places])
    except ValueError:
        raise UsageError(
            f"the {scheme} store's URL has no valid host and port",
            hint="a port is a number up to 65535; percent-encode / ? # @ : in a password",
        ) from None
    if parts.fragment or url.endswith("#"):
        raise UsageError(
            f"the {scheme} store's URL has a #", hint="percent-encode it where it is meant: %23"
        )
    return StoreUrl(
        scheme=scheme,
        host=first[0],
        port=first[1],
        more=tuple(more),
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        path=unquote(parts.path),
        parameters=_parameters(scheme, parts, grammar.schemes[scheme].parameters | grammar.common),
    )


def with_password(url: str, env: Mapping[str, str], grammar: Grammar = SESSIONS) -> str:
    """A store's URL with the password that its ``password=env:NAME`` names as part of its login.

    Whoever hands the URL to a process that lacks the variable calls it, and then keeps it secret.

    Raises:
        UsageError: as :func:`parse`; the parameter is a password itself, or there are two.
        EnvironmentLacking: the variable is not set.
    """
    parsed = parse(url, grammar)
    password = from_environment(parsed, "password", env)
    if password is None:
        return url
    if parsed.password is not None:
        raise UsageError(
            f"the {parsed.scheme} store's URL has two passwords",
            hint="leave out the one before the @, or password=",
        )
    parts = urlsplit(url)
    query = "&".join(pair for pair in parts.query.split("&") if not pair.startswith("password="))
    login = f"{parts.username or ''}:{quote(password, safe='')}"
    netloc = f"{login}@{parts.netloc.rpartition('@')[2]}"
    return urlunsplit(parts._replace(netloc=netloc, query=query))


def from_environment(url: StoreUrl, name: str, env: Mapping[str, str]) -> str | None:
    """What the variable holds that a parameter names, ``name=env:VARIABLE``; None without one.

    Raises:
        UsageError: the parameter is no ``env:``, and so perhaps the secret itself.
        EnvironmentLacking: the variable is not set, empty, or no printable text.
    """
    text = url.parameters.get(name)
    if text is None:
        return None
    prefix, _, variable = text.partition(":")
    if prefix != "env" or not variable:
        what, example = ("password", "STORE_PASSWORD") if name == "password" else ("key", "APP_KEY")
        raise UsageError(
            f"{name}= in the {url.scheme} store's URL must not be a {what} itself",
            hint=f"URLs end up in logs; put it into a variable and write {name}=env:{example}",
        )
    value = env.get(variable)
    if not value:
        raise EnvironmentLacking(
            f"the environment variable {variable} is not set",
            hint=f"{name}=env:{variable} in the store's URL reads it; export it, or take it out",
        )
    if not value.isprintable():
        raise EnvironmentLacking(
            f"the environment variable {variable} holds a line break, or bytes that are no UTF-8",
            hint=f"{name}=env:{variable} in the store's URL reads it; is a newline part of it?",
        )
    return value


def _place(text: str) -> tuple[str, int | None]:
    """Host and port of ``host:port``; ValueError where there cannot be such."""
    parts = urlsplit(f"//{text}")
    host = unquote(parts.hostname or "")
    host.encode("idna")  # as the resolver will
    return host, parts.port


def _parameters(scheme: str, parts: SplitResult, known: Collection[str]) -> dict[str, str]:
    parameters: dict[str, str] = {}
    for pair in filter(None, parts.query.split("&")):
        name, _, value = pair.partition("=")
        if "@" in parts.query and name not in known:
            raise UsageError(
                f"the {scheme} store's URL has a ? before its @",
                hint="percent-encode it where it is part of a password: %3F",
            )
        if name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            listed = f"the {scheme} store knows {', '.join(sorted(known))}"
            raise UsageError(
                f"unknown parameter {name} in the {scheme} store's URL",
                hint=f"did you mean {close[0]}?" if close else listed,
            )
        if name in parameters:
            raise UsageError(f"{name} stands twice in the {scheme} store's URL", hint="say it once")
        parameters[name] = unquote(value)
    return parameters


def _schemes_hint(scheme: str, schemes: Collection[str]) -> str:
    close = difflib.get_close_matches(scheme, schemes, n=1)
    if close:
        return f"did you mean {close[0]}:?"
    return (
        "a store is memory:, file:///directory, redis://host/0, sqlite:///file, "
        "postgresql://user@host/database or mysql://user@host/database"
    )
