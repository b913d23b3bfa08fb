"""Loading and saving a session: flows over any store.

Unlike Laravel's (Illuminate/Session/Store.php) they refuse to adopt an id that the store does not
know, to save over what somebody else saved meanwhile, to bring back what was logged out, and to
take a payload that cannot be read for an empty session.
"""

from __future__ import annotations

import contextlib

from holdfast.core.errors import SaveUnknown, SessionConflict, SessionGone, StoreError
from holdfast.core.flow import Flow, do
from holdfast.laravel.names import is_session_id
from holdfast.laravel.payload import Codec
from holdfast.session.flash import nothing_but_flash
from holdfast.session.session import Ending, Record, Session, random_text
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Facts,
    Find,
    Found,
    Gone,
    IdCollision,
    Saved,
    Touch,
    Touched,
    Unknown,
)

ENDED_SECONDS_AGO = 86_400
"""How far in the past a record's expiry is put to end it.

A second would do for us. Laravel still reads files and rows in the very second of their expiry, and
its replicas have clocks of their own; a day is more than any of them is wrong by.
"""

_CREATE_ATTEMPTS = 3
_NO_FACTS = Facts()


def load(sid: str | None, codec: Codec) -> Flow[Session]:
    """The session of an id; a new one under a fresh id where the store has none.

    Args:
        sid: what the cookie said; None, malformed and unknown ones come to the same.
        codec: what reads the stored value.

    Raises:
        Undecodable: something stands there that is no session of this application.
        StoreError: the store could not be read.
    """
    if sid is not None and is_session_id(sid):
        found = yield from do(Find(sid))
        if found is not None:
            return Session(codec.loads(found.data), sid, Record(sid, found))
    return Session(codec.new(), random_text())


def save(
    session: Session,
    codec: Codec,
    *,
    lifetime: int,
    now: int,
    facts: Facts = _NO_FACTS,
    touch_after: int = 60,
) -> Flow[bool]:
    """Age the flash data and write the session if something changed by value, or its time is up.

    Under a new id the new record is made first, then the old one is ended as the session says
    (`Session.migrate`, `Session.login`); `Session.invalidate` deletes the old one before that.
    A session that was only read raises neither SessionConflict nor SessionGone.

    After an error nothing is known to be saved, and the flash data has aged: load the session anew
    rather than saving this one again.

    Args:
        session: the session; it knows afterwards what stands in the store, and can be saved again.
        codec: what writes the stored value; the one it was loaded with.
        lifetime: seconds that the session lives from now on.
        now: epoch seconds.
        facts: what the database store writes beside the payload.
        touch_after: the expiry is moved in steps of this many seconds or more, at most half a
            lifetime. The cookie's expiry moves with it, so that most answers set no cookie: one
            that set it could put a dead id back into a browser that has logged in meanwhile.

    Returns:
        Whether the browser must be given the cookie: the id is new, or the expiry has moved.

    Raises:
        SessionConflict: somebody else has saved it since it was read; nothing was written.
        SessionGone: it has ended since it was read; nothing was written.
        SaveUnknown: the store's answer was lost.
        StoreError: the store could not be written.
        TypeError, FormatError: a value that cannot be stored, see ``Codec.dumps``.
    """
    session.age_flash_data()
    expires_at = now + lifetime
    record = session.record
    if record is not None and record.sid == session.id:
        moves = abs(expires_at - record.found.expires_at) >= min(touch_after, lifetime // 2)
        if _changed(session, codec, record):
            until = expires_at if moves else record.found.expires_at
            yield from _commit(session, codec, record, until, facts)
            return moves
        return moves and (yield from _touch(session, record, expires_at))
    if record is not None and session.ending is Ending.DELETED:
        # First of all: whatever becomes of the new session, the logout has happened.
        _require_answer((yield from do(Delete(record.sid))))
        session.stands_as(None)
    new = yield from _create(session, codec, expires_at, facts)
    if record is not None and session.ending is Ending.ENDED:
        yield from _end(record, new, now - ENDED_SECONDS_AGO)
    session.stands_as(new)
    return record is not None or new is not None


def _changed(session: Session, codec: Codec, record: Record) -> bool:
    """Whether the attributes are others than those that stand in the store."""
    if record.ours:
        return codec.loads(record.found.data).dumps() != session.attributes.dumps()
    return session.attributes.changed()


def _commit(
    session: Session, codec: Codec, record: Record, expires_at: int, facts: Facts
) -> Flow[None]:
    data = codec.dumps(session.attributes)
    result = yield from do(Commit(record.sid, record.found, data, expires_at, facts=facts))
    saved = _saved(result)
    session.stands_as(Record(record.sid, Found(data, expires_at, saved.token), ours=True))


def _touch(session: Session, record: Record, expires_at: int) -> Flow[bool]:
    found = record.found
    result = yield from do(Touch(record.sid, found, expires_at))
    _require_answer(result)
    if not isinstance(result, Touched):
        # Who saved or ended it meanwhile has settled its expiry, and we had nothing to write: a
        # request that only reads never fails for what others do.
        return False
    moved = Found(found.data, expires_at, found.token)
    session.stands_as(Record(record.sid, moved, record.ours))
    return True


def _create(session: Session, codec: Codec, expires_at: int, facts: Facts) -> Flow[Record | None]:
    """Write it under its new id; None: nothing is in it, and nothing was written."""
    if nothing_but_flash(session.attributes):
        return None
    data = codec.dumps(session.attributes)
    for _ in range(_CREATE_ATTEMPTS):
        result = yield from do(Commit(session.id, None, data, expires_at, facts=facts))
        if not isinstance(result, Conflict | IdCollision):
            break
        session.take_fresh_id()
    saved = _saved(result)
    return Record(session.id, Found(data, expires_at, saved.token), ours=True)


def _end(old: Record, new: Record | None, past: int) -> Flow[None]:
    """End the record that was replaced, unless somebody wrote to it; then take the new one back."""
    # A record that is touched into the past is gone: the one way to delete under a condition.
    result = yield from do(Touch(old.sid, old.found, past))
    _require_answer(result)
    # What is left is clean-up: an expired record, or one whose id nobody was told.
    rest = old if isinstance(result, Touched) else new
    if rest is not None:
        with contextlib.suppress(StoreError):
            yield from do(Delete(rest.sid))
    _refuse(result)


def _saved(result: Saved | Conflict | Gone | IdCollision | Unknown) -> Saved:
    _require_answer(result)
    _refuse(result)
    assert isinstance(result, Saved)
    return result


def _require_answer(result: object) -> None:
    if isinstance(result, Unknown):
        reason = f": {result.reason}" if result.reason else ""
        raise SaveUnknown(
            f"the store's answer was lost, the session may or may not be saved{reason}",
            hint="load the session again and look",
        )


def _refuse(result: object) -> None:
    match result:
        case Conflict() | IdCollision():
            raise SessionConflict(
                "another request saved the session since this one read it; nothing was written",
                hint="run the request again, on the session as it is now",
            )
        case Gone():
            raise SessionGone(
                "the session ended while this request worked on it; nothing was written",
                hint="start a new session; whoever ended it meant it",
            )
