"""The shop's check of a page's token, as Illuminate/Foundation/Http/Middleware/VerifyCsrfToken.php.

A login served here gives the session another token. Were the ``XSRF-TOKEN`` cookie left as Laravel
replicas had set it, scripts would send them the token of before, and be refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request

from holdfast.core.clock import Clock
from holdfast.laravel import cookies
from holdfast.laravel.encrypter import Encrypter

XSRF_COOKIE = "XSRF-TOKEN"


@dataclass(frozen=True, slots=True)
class Csrf:
    """Checks tokens and hands them out.

    Args:
        encrypter: the application's.
        lifetime: of a session and so of the cookie, seconds.
        clock: the time of its expiry.
    """

    encrypter: Encrypter
    lifetime: int
    clock: Clock

    def require(
        self, request: Request, form: Mapping[str, str], accepts: Callable[[str], bool]
    ) -> None:
        """The field ``_token``, else ``X-CSRF-TOKEN``, else ``X-XSRF-TOKEN`` must be accepted.

        Raises:
            HTTPException: 419, it is not.
        """
        given = form.get("_token") or request.headers.get("x-csrf-token", "")
        given = given or self._opened(request.headers.get("x-xsrf-token"))
        if not accepts(given):
            raise HTTPException(419, "the page has expired")

    def cookie(self, request: Request, token: str) -> str | None:
        """The ``Set-Cookie`` header that gives the browser the token; None where it has it.

        Laravel sets it with every answer. Set where nothing is new, a late answer would put an old
        token back into a browser that has logged in meanwhile.
        """
        if self._opened(request.cookies.get(XSRF_COOKIE)) == token:
            return None
        return cookies.set_cookie(
            XSRF_COOKIE,
            cookies.seal(self.encrypter, XSRF_COOKIE, token),
            now=self.clock(),
            lifetime=self.lifetime,
            http_only=False,
        )

    def _opened(self, wire: str | None) -> str:
        opened = cookies.open(self.encrypter, XSRF_COOKIE, wire) if wire else None
        return "" if opened is None else opened.value
