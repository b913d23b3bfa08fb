"""What the two applications of a rehearsal answer: the Laravel fixture and the Python shop.

Both speak this one HTTP interface, so that users, invariants and verdict do not know which it is.

========================  =======================================================================
``GET  /healthz``         ``ok``; opens no session
``GET  /catalogue``       JSON list of products; opens a session as every page does
``GET  /state``           the state, after a page load
``POST /open``            ``lineage``: kept in the session where it has none yet
``POST /login``           ``user``: logs in, the id changes, the old record is destroyed
``POST /cart``            ``item``: appended to the list ``cart``
``POST /count``           ``count`` becomes what the session held, plus one
``POST /mark``            ``key``, ``value``: ``marks[key] = value``; other keys are left alone
``POST /checkout``        everything in ``cart`` moves to the end of ``orders``
``POST /logout``          invalidates: everything is dropped, a new id and token
========================  =======================================================================

Fields are form-encoded. Every POST takes ``ms`` (0 to 2000): how long the handler holds the
request open between reading the session and changing it, as a slow query does; ``GET /state`` takes
it in its query. POSTs carry the page's token in ``X-CSRF-TOKEN``; a wrong one is answered 419, as
Laravel does.

Every session route answers 200 with a :class:`State` as JSON. 409 means refused: nothing was
written, the application says so (a conflict that outlived its replays, a session that ended
meanwhile). 419 means refused too. Anything else is a failure.
"""

from __future__ import annotations

import msgspec

PRODUCTS = ("anchor", "buoy", "cleat", "fender", "halyard", "lantern", "mooring", "pennant")
"""The catalogue; a cart item is ``<product>.<unique tag>``."""

MAX_HOLD_MS = 2000
"""The longest that a request is held open between load and save."""


GRACE_SECONDS = 2
"""For how long an id that a login has replaced may still lead its own browser to the new session;
longer than any request is held open."""


class State(msgspec.Struct, frozen=True):
    """What a session holds when the answer is made, and who answered.

    Args:
        replica: name of the replica, from ``HOLDFAST_REPLICA``.
        generation: how often that replica's slot had been replaced, from ``HOLDFAST_GENERATION``.
        session: handle of the session id at the end of the request, keyed with the text of
            ``HOLDFAST_HANDLE_KEY``, or of ``APP_KEY`` where that is not set.
        lineage: what ``/open`` kept; None in a session that was never opened.
        user: id of the logged-in user, None for a guest.
        token: the session's CSRF token.
        cart, orders: unique items in the order of their appending.
        count: the counter, 0 at first.
        marks: what ``/mark`` wrote.
    """

    replica: str
    generation: int
    session: str
    lineage: str | None
    user: int | None
    token: str
    cart: list[str]
    orders: list[str]
    count: int
    marks: dict[str, str]
