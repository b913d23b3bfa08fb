"""Loading a session from a store.

Unlike Laravel's (Illuminate/Session/Store.php) it refuses to adopt an id that the store does not
know, and to take a payload that cannot be read for an empty session.
"""

from __future__ import annotations

from collections.abc import Callable

from holdfast.core.errors import Undecodable
from holdfast.core.flow import Flow, do
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Codec
from holdfast.session.grace import Shown, admits
from holdfast.session.policy import DEFAULT, Policy
from holdfast.session.session import Record, Session, random_text
from holdfast.stores.beside import ASIDE_BYTES
from holdfast.stores.contract import Find, Found, Moved, SetAside

_HOPS = 4
"""Ids that a session may have had within one grace: parallel logins replace each other's."""


Unreadable = Callable[[str, Undecodable, bool], None]
"""Is told of a session's id, why its bytes cannot be read, and whether they were set aside."""


def untold(sid: str, error: Undecodable, kept: bool) -> None:
    """Nobody wants to know."""


def load(
    sid: str | None,
    codec: Codec,
    *,
    shown: Shown | None = None,
    policy: Policy = DEFAULT,
    unreadable: Unreadable = untold,
) -> Flow[Session]:
    """The session of an id; a new one under a fresh id where the store has none.

    Args:
        sid: what the cookie said; None, malformed and unknown ones come to the same.
        codec: what reads the stored value.
        shown: what the request shows, for an id that was replaced a moment ago.
        policy: what becomes of bytes that cannot be read.
        unreadable: is told of such bytes.

    Raises:
        Undecodable: something stands there that is no session of this application, and the policy
            or the quarantine does not let it be replaced.
        StoreError: the store could not be read.
    """
    if sid is not None and is_session_id(sid):
        record, seal = yield from find(sid, shown)
        if record is not None:
            try:
                attributes = codec.loads(record.found.data)
            except Undecodable as error:
                yield from _set_aside(record, error, policy, unreadable)
            else:
                if seal is not None:
                    policy.metrics.count("followed")
                return Session(attributes, record.sid, record, shown=shown, seal=seal)
    return Session(codec.new(), random_text(), shown=shown)


def find(sid: str, shown: Shown | None) -> Flow[tuple[Record | None, bytes | None]]:
    """Where the session of an id stands, also where that was replaced a moment ago.

    Returns:
        The record; and the seal that let the request follow to another id, None where it stands
        under ``sid`` itself.
    """
    seal: bytes | None = None
    for _ in range(_HOPS):
        result = yield from do(Find(sid))
        match result:
            case Found():
                return Record(sid, result), seal
            case Moved(to, sealed) if admits(sealed, shown):
                # The first one has the token of the page that the browser still shows.
                sid, seal = to, sealed if seal is None else seal
            case _:
                break
    return None, None


def _set_aside(
    record: Record, error: Undecodable, policy: Policy, unreadable: Unreadable
) -> Flow[None]:
    """Keep bytes that a fresh session is about to hide; raise the error where that cannot be."""
    policy.metrics.count("undecodable", reason=error.reason)
    data = record.found.data
    kept = policy.undecodable == "fresh" and len(data) <= ASIDE_BYTES
    kept = kept and (yield from do(SetAside(record.sid, data, error.reason)))
    unreadable(record.sid, error, kept)
    if not kept:
        policy.metrics.count("not_set_aside")
        raise error
