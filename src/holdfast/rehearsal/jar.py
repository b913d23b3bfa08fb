"""A browser's cookies, as far as one application needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

LARAVEL_SESSION = "laravel_session"
"""The session cookie of an application that is named Laravel."""

_PAST = re.compile(r"-[0-9]+|0+")

MAX_COOKIES = 100
"""How many a jar keeps; more are not taken."""


@dataclass(slots=True)
class Jar:
    """Cookies by name; the answer that arrives last wins, as in a browser.

    ``session_from`` is the request whose answer set the session cookie, which is named
    ``session_cookie``.
    """

    cookies: dict[str, str] = field(default_factory=dict)
    session_from: int | None = None
    session_cookie: str = LARAVEL_SESSION

    def copy(self) -> Jar:
        """The jar as it is now."""
        return Jar(dict(self.cookies), self.session_from, self.session_cookie)

    def take(self, headers: Sequence[str], request: int) -> bool:
        """Keep what an answer's ``Set-Cookie`` headers say; True where they set the session's."""
        session = False
        for name, value in cookies_of(headers):
            if value is None:
                self.cookies.pop(name, None)
            elif name in self.cookies or len(self.cookies) < MAX_COOKIES:
                self.cookies[name] = value
            if name == self.session_cookie:
                session = True
                self.session_from = request
        return session

    def header(self) -> str:
        """What the ``Cookie`` header says; empty without cookies."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())


def cookies_of(headers: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Name and value of each ``Set-Cookie`` header as they stand; None where it takes one away.

    Read as RFC 6265, 5.2 has it: an attribute that is not known, ``Partitioned`` for one, harms
    nothing. ``http.cookies`` would drop the cookie.
    """
    for header in headers:
        pair, *attributes = header.split(";")
        name, equals, value = pair.partition("=")
        if not equals or not name.strip():
            continue
        ends = any(_ends(attribute) for attribute in attributes)
        yield name.strip(), None if ends else value.strip().strip('"')


def _ends(attribute: str) -> bool:
    name, _, seconds = attribute.partition("=")
    return name.strip().lower() == "max-age" and _PAST.fullmatch(seconds.strip()) is not None
