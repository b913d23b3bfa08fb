"""One visitor goes ahead: can the sessions of this application be observed at all?"""

from __future__ import annotations

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.history import Op
from holdfast.rehearsal.site import Login, Site
from holdfast.rehearsal.visitor import Visitor

_TRIES = 3
"""How often the scout tries to log in; a session that is lost meanwhile proves nothing of it."""


async def scout(visitor: Visitor, site: Site) -> None:
    """Load the page and log in: it must show a session, and the login must be taken.

    Where the session is lost on the way, nothing can be said of the login.

    Raises:
        EnvironmentLacking: not so; the hint says what would help.
    """
    _require_session(await visitor.go(), visitor, site)
    if site.login is not None:
        await _require_login(visitor, site.login)


def _require_session(op: Op, visitor: Visitor, site: Site) -> None:
    if op.ok and op.state is not None:
        return
    page = f"GET {site.path}"
    assert op.answer is not None
    status = op.answer.status
    if status is None or status >= 400:
        raise EnvironmentLacking(
            f"{page} answers {status}" if status else f"{page}: {op.answer.error}",
            hint="--path names a page that everybody may see; the application's log says more",
        )
    if 300 <= status < 400:
        raise EnvironmentLacking(
            f"{page} redirects to another host, or in a circle",
            hint="--path names a page that is served without that",
        )
    cookie = visitor.window.jar.cookies.get(site.reader.cookie)
    if cookie is None:
        names = ", ".join(sorted(visitor.window.jar.cookies))
        others = f", but {names}" if names else ""
        raise EnvironmentLacking(
            f"{page} opens no session: it sets no cookie {site.reader.cookie}{others}",
            hint="a static page, or a route without the middleware group web? --path names another",
        )
    if site.reader.encrypter and site.reader.session_id(cookie) is None:
        raise EnvironmentLacking(
            f"the session of {page} cannot be observed: the application's key does not open"
            f" its cookie {site.reader.cookie}",
            hint="APP_KEY must be the key that the application runs with",
        )
    raise EnvironmentLacking(
        f"the session of {page} cannot be observed: no XSRF-TOKEN cookie that opens, no token"
        " in the page, and none in a store that can be read from here",
        hint="--path names a page with a form (@csrf), or with a csrf-token in its head;"
        " APP_KEY opens the cookie",
    )


async def _require_login(visitor: Visitor, login: Login) -> None:
    why: str | None = None
    for tries in range(1, _TRIES + 1):
        before = visitor.lost
        op = await visitor.log_in()
        # Not as often each time: replicas that answer in turn must not get the same share.
        for _ in range(tries):
            await visitor.go()
        if visitor.lost > before:
            return
        if op.ok and visitor.window.user is not None:
            return
        why = why or (op.answer.error if op.answer else None)
    raise EnvironmentLacking(
        f"{login.method} {login.path} logs nobody in: {why or 'the session stays the same'}",
        hint="--login sends a form of the application; do its fields and values fit?",
    )
