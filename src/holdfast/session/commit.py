"""Saving a session: conditional, merged by key where somebody else has saved meanwhile.

A save names the exact bytes that were read. Where others stand now, the two are merged
(`holdfast.session.merge`) and written again, on a condition again; never blindly. What has ended
stays ended: Laravel (Illuminate/Session/Store.php) would bring it back.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from holdfast.core.errors import (
    HoldfastError,
    SaveUnknown,
    SessionConflict,
    SessionGone,
    StoreError,
)
from holdfast.core.flow import Flow, Sleep, do
from holdfast.laravel.payload import Codec
from holdfast.session.flash import nothing_but_flash
from holdfast.session.merge import merge
from holdfast.session.policy import DEFAULT, Policy
from holdfast.session.session import Ending, Record, Session
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Facts,
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

FactsOf = Callable[[Session], Facts]

_CREATE_ATTEMPTS = 3


def no_facts(_: Session) -> Facts:
    """Nothing beside the payload."""
    return Facts()


def save(
    session: Session,
    codec: Codec,
    *,
    lifetime: int,
    now: int,
    facts: FactsOf = no_facts,
    policy: Policy = DEFAULT,
) -> Flow[bool]:
    """Age the flash data and write the session if something changed by value, or its time is up.

    Where another request has saved it since it was read, both are merged, and the session holds the
    merged attributes afterwards; ``session.conflicts`` names what gave way.

    Under a new id the new record is made first, then the old one is ended as the session says
    (`Session.migrate`, `Session.login`), with what others wrote to it meanwhile merged into the new
    one; `Session.invalidate` deletes the old one before that. A session that was only read raises
    neither SessionConflict nor SessionGone.

    After an error nothing is known to be saved, and the flash data has aged: load the session anew
    rather than saving this one again.

    Args:
        session: the session; it knows afterwards what stands in the store, and can be saved again.
        codec: what writes the stored value; the one it was loaded with.
        lifetime: seconds that the session lives from now on.
        now: epoch seconds.
        facts: what the database store writes beside the payload, of a session as it is written.
        policy: how merges are made and retried.

    Returns:
        Whether the browser must be given the cookie: the id is new, or the expiry has moved.

    Raises:
        SessionConflict: others kept saving it until the attempts were used up, or changed an
            exclusive key; nothing was written.
        AuthConflict: another request logged somebody else in meanwhile; nothing was written.
        SessionGone: it has ended since it was read; nothing was written.
        SaveUnknown: the store's answer was lost.
        Undecodable: what another request has saved is no session.
        StoreError: the store could not be written.
        TypeError, FormatError: a value that cannot be stored, see ``Codec.dumps``.
    """
    session.age_flash_data()
    writer = _Writer(session, codec, now + lifetime, facts, policy)
    record = session.record
    if record is not None and record.sid == session.id:
        moves = abs(writer.expires_at - record.found.expires_at) >= min(
            policy.touch_after, lifetime // 2
        )
        if _changed(session, codec, record):
            yield from writer.rewrite(record, moves=moves)
            return moves
        return moves and (yield from _touch(session, record, writer.expires_at))
    if record is not None and session.ending is Ending.DELETED:
        # First of all: whatever becomes of the new session, the logout has happened.
        _require_answer((yield from do(Delete(record.sid))))
        session.stands_as(None)
    new = yield from writer.create()
    if record is not None and session.ending is Ending.ENDED:
        new = yield from writer.end(record, new, now - ENDED_SECONDS_AGO)
    session.stands_as(new)
    return record is not None or new is not None


@dataclass(slots=True)
class _Writer:
    """What one save writes with."""

    session: Session
    codec: Codec
    expires_at: int
    facts: FactsOf
    policy: Policy

    def rewrite(self, record: Record, *, moves: bool) -> Flow[None]:
        """Write the attributes over a record of the same id, merged with what stands there."""
        for pause in self._pauses():
            until = self.expires_at if moves else record.found.expires_at
            data = self.codec.dumps(self.session.attributes)
            result = yield from do(
                Commit(record.sid, record.found, data, until, facts=self.facts(self.session))
            )
            if not isinstance(result, Conflict):
                saved = _saved(result)
                found = Found(data, until, saved.token)
                self.session.stands_as(Record(record.sid, found, ours=True))
                return
            yield from do(Sleep(pause))
            if not self._merge(record, result.found):
                self.session.stands_as(Record(record.sid, result.found, ours=True))
                return
            record = Record(record.sid, result.found)
        raise _conflict()

    def create(self) -> Flow[Record | None]:
        """Write it under its new id; None: nothing is in it, and nothing was written."""
        if nothing_but_flash(self.session.attributes):
            return None
        data = self.codec.dumps(self.session.attributes)
        for _ in range(_CREATE_ATTEMPTS):
            result = yield from do(
                Commit(self.session.id, None, data, self.expires_at, facts=self.facts(self.session))
            )
            if not isinstance(result, Conflict | IdCollision):
                break
            self.session.take_fresh_id()
        saved = _saved(result)
        return Record(self.session.id, Found(data, self.expires_at, saved.token), ours=True)

    def end(self, old: Record, new: Record | None, past: int) -> Flow[Record | None]:
        """End the record that was replaced; what others wrote to it goes into the new one first.

        Returns:
            The new record. Where the old one cannot be ended the new one is taken back.
        """
        try:
            for pause in self._pauses():
                # A record that is touched into the past is gone: a delete under a condition.
                result = yield from do(Touch(old.sid, old.found, past))
                _require_answer(result)
                if isinstance(result, Touched):
                    # What is left is clean-up: the record has expired.
                    with contextlib.suppress(StoreError):
                        yield from do(Delete(old.sid))
                    return new
                if not isinstance(result, Conflict):
                    raise _gone()
                yield from do(Sleep(pause))
                if self._merge(old, result.found):
                    new = yield from self._renew(new)
                old = Record(old.sid, result.found)
            raise _conflict()
        except SaveUnknown:
            raise
        except HoldfastError:
            if new is not None:
                # Nobody was told this id.
                with contextlib.suppress(StoreError):
                    yield from do(Delete(new.sid))
            raise

    def _renew(self, new: Record | None) -> Flow[Record | None]:
        """Write the merged attributes to the record that was made a moment ago."""
        if new is None:
            return (yield from self.create())
        data = self.codec.dumps(self.session.attributes)
        facts = self.facts(self.session)
        saved = _saved(
            (yield from do(Commit(new.sid, new.found, data, self.expires_at, facts=facts)))
        )
        return Record(new.sid, Found(data, self.expires_at, saved.token), ours=True)

    def _merge(self, base: Record, theirs: Found) -> bool:
        """Merge what another request saved into the session; False: nothing is left to write."""
        stored = self.codec.loads(theirs.data)
        merged = merge(
            self.codec.loads(base.found.data), self.session.attributes, stored, self.policy.rules
        )
        self.session.take_merged(merged.attributes, merged.conflicts)
        return merged.attributes.dumps() != stored.dumps()

    def _pauses(self) -> Iterator[float]:
        """Seconds to wait before each further attempt; none before the second one of all."""
        longest = self.policy.pause
        for attempt in range(self.policy.attempts):
            yield random.uniform(0, longest) if attempt else 0.0
            longest = min(2 * longest, self.policy.longest_pause)


def _changed(session: Session, codec: Codec, record: Record) -> bool:
    """Whether the attributes are others than those that stand in the store."""
    if record.ours:
        return codec.loads(record.found.data).dumps() != session.attributes.dumps()
    return session.attributes.changed()


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


def _saved(result: Saved | Conflict | Gone | IdCollision | Unknown) -> Saved:
    _require_answer(result)
    match result:
        case Saved():
            return result
        case Gone():
            raise _gone()
        case _:
            raise _conflict()


def _require_answer(result: object) -> None:
    if isinstance(result, Unknown):
        reason = f": {result.reason}" if result.reason else ""
        raise SaveUnknown(
            f"the store's answer was lost, the session may or may not be saved{reason}",
            hint="load the session again and look",
        )


def _conflict() -> SessionConflict:
    return SessionConflict(
        "other requests kept saving the session while this one tried to; nothing was written",
        hint="run the request again, on the session as it is now",
    )


def _gone() -> SessionGone:
    return SessionGone(
        "the session ended while this request worked on it; nothing was written",
        hint="start a new session; whoever ended it meant it",
    )
