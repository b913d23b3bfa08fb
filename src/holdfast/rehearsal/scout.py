"""One visitor goes ahead: can the sessions of this application be observed at all?"""

from __future__ import annotations

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.history import Op
from holdfast.rehearsal.site import Login, Site
from holdfast.rehearsal.visitor import Visitor

_TRIES = 3
"""How often the scout tries to log in."""

_TRIES_WHERE_LOST = 6
"""How often it tries where sessions are lost on the way: so many replicas may answer in turn, each
with sessions of its own, until one gets both a session's page and its form."""

_WRONG_FORM = (404, 405)
"""No session can mend these."""


async def scout(visitor: Visitor, passer_by: Visitor, site: Site) -> None:
    """Load the page and log in: it must show a session, and the login must be taken.

    Where the session is lost each time before the form comes to a replica that has it, nothing can
    be said of the login.

    Args:
        visitor: goes ahead.
        passer_by: takes turns of a balancer, so that not always the same replica gets the form.
        site: the application.

    Raises:
        EnvironmentLacking: not so; the hint says what would help.
    """
    _require_session(await visitor.go(), visitor, site)
    if site.login is not None:
        await _require_login(visitor, passer_by, site.login)


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


async def _require_login(visitor: Visitor, passer_by: Visitor, login: Login) -> None:
    why: str | None = None
    lost = refused = False
    for tries in range(1, _TRIES_WHERE_LOST + 1):
        before = visitor.lost
        op = await visitor.log_in()
        # Not as often each time: replicas that answer in turn must not get the same share.
        for _ in range(tries):
            await visitor.go()
        lost_now = visitor.lost > before
        if op.ok and (lost_now or visitor.window.user is not None):
            return
        assert op.answer is not None
        if op.answer.outcome == "refused" or op.answer.status in _WRONG_FORM:
            why = op.answer.error if not refused else why
            refused = True
        why = why or op.answer.error
        lost = lost or lost_now
        if not lost and tries == _TRIES:
            break
        if not visitor.window.opened:
            await visitor.go()
        for _ in range(tries):
            await passer_by.go()
    if lost and not refused:
        return
    raise EnvironmentLacking(
        f"{login.method} {login.path} logs nobody in: {why or 'the session stays the same'}",
        hint="--login sends a form of the application; do its fields and values fit?",
    )
