"""What one answer of an application that we do not know says of the session behind it.

The session's CSRF token (``_token``, Illuminate/Session/Store.php) is as good as the session: it is
made with it, kept in it, and changed by a login alone. Laravel 8 to 13 shows it in the XSRF-TOKEN
cookie (VerifyCsrfToken.php; PreventRequestForgery.php in 13) and, where the page has a form or a
script that posts, in its HTML. Whether a request was refused for its token says nothing: Laravel 13
takes a browser's word for where a form came from.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from holdfast.core.errors import Undecodable
from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Codec
from holdfast.rehearsal.jar import cookies_of

TOKEN_COOKIE = "XSRF-TOKEN"  # noqa: S105 - a name

MAX_PAGE_BYTES = 256 * 1024
"""How much of a page is searched for a token; it stands in its head, or in a form near it."""

_TAG = re.compile(rb"<(?:meta|input)\s[^<>]{0,2000}>", re.IGNORECASE)
_HOLDERS = {"csrf-token": "content", "_token": "value"}
_LOGIN = re.compile(r"login_\w{1,100}_[0-9a-f]{40}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the cookies of one application.

    Args:
        cookie: the session cookie's name.
        encrypter: the application's; None where its key is not known.
    """

    cookie: str
    encrypter: Encrypter | None = None

    def session_id(self, cookie: str | None) -> str | None:
        """The session id in the session cookie's value; None where it cannot be told."""
        if cookie is None or self.encrypter is None:
            return None
        opened = cookies.open(self.encrypter, self.cookie, cookie)
        return opened.value if opened is not None and is_session_id(opened.value) else None

    def observe(self, set_cookies: Sequence[str], content_type: str, body: bytes) -> Seen:
        """What an answer shows by itself.

        Args:
            set_cookies: its ``Set-Cookie`` headers.
            content_type: that header, empty for none.
            body: as it was sent.
        """
        given = dict(cookies_of(set_cookies))
        token = self._cookie_token(given.get(TOKEN_COOKIE))
        if token is None and content_type.partition(";")[0].strip().lower() == "text/html":
            token = page_token(body)
        return Seen(token, self.session_id(given.get(self.cookie)), self.cookie in given)

    def _cookie_token(self, value: str | None) -> str | None:
        if value is None:
            return None
        if self.encrypter is not None:
            opened = cookies.open(self.encrypter, TOKEN_COOKIE, value)
            if opened is not None:
                return opened.value if _is_token(opened.value) else None
        # An application may leave this cookie out of EncryptCookies: scripts read it.
        return value if _is_token(value) else None


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer showed.

    Args:
        token: the session's token, None where it shows none.
        session_id: the id in the session cookie that it set; None without one, or without the key.
        set_cookie: whether it set the session cookie.
    """

    token: str | None = field(repr=False)
    session_id: str | None = field(repr=False)
    set_cookie: bool


@dataclass(frozen=True, slots=True)
class Payload:
    """What a stored session says: its token, and whether a guard has logged somebody in."""

    token: str | None = field(repr=False)
    logged_in: bool


def read_payload(codec: Codec, data: bytes) -> Payload | None:
    """Read a stored session; None where it cannot be read as one."""
    try:
        attributes = codec.loads(data)
    except Undecodable:
        return None
    logged_in = any(isinstance(name, str) and _LOGIN.fullmatch(name) for name in attributes)
    token = attributes.get("_token")
    return Payload(token if isinstance(token, str) and _is_token(token) else None, logged_in)


def logs_in(before: Seen, seen: Seen, payload: Payload | None) -> bool | None:
    """Whether an answer to a login has logged somebody in; None where it does not tell.

    The guard gives the session another id whenever it logs in (Illuminate/Auth/SessionGuard.php,
    updateSession). Where ids cannot be read, another token says it too: applications regenerate
    both, as Laravel's starter kits do.

    Args:
        before: what was known of the session when the login was sent.
        seen: what its answer shows.
        payload: what the store then holds; None where nobody has looked.
    """
    if payload is not None and payload.logged_in:
        return True
    known = before.session_id is not None
    then, now = (before.session_id, seen.session_id) if known else (before.token, seen.token)
    return None if now is None else then is not None and now != then


def page_token(body: bytes) -> str | None:
    """The token in a page: ``<meta name="csrf-token">``, or a form's hidden ``_token``."""
    for tag in _TAG.findall(body[:MAX_PAGE_BYTES]):
        attributes = _attributes(tag.decode("utf-8", "replace"))
        holder = _HOLDERS.get(attributes.get("name", "").lower())
        token = attributes.get(holder, "") if holder else ""
        if _is_token(token):
            return token
    return None


def _attributes(tag: str) -> Mapping[str, str]:
    parser = _OneTag()
    parser.feed(tag)
    return parser.attributes


class _OneTag(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.attributes: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes = {name: value or "" for name, value in attrs}


def _is_token(text: str) -> bool:
    # Str::random(40), as a session id is.
    return is_session_id(text)
