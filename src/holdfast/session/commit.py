"""Saving a session: conditional, merged by key where somebody else has saved meanwhile.

A save names the exact bytes that were read. Where others stand now, the two are merged
(`holdfast.session.merge`) and written again, on a condition again; never blindly. What has ended
stays ended: Laravel (Illuminate/Session/Store.php) would bring it back. A write whose answer was
lost is performed again under its write id, which the store remembers, before anything is said.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.core.errors import StoreError
from holdfast.core.flow import Flow, Sleep, do
from holdfast.laravel.payload import Attributes, Codec
from holdfast.session.answers import (
    conflict,
    ended_alone,
    ended_or_moved,
    gone,
    pauses,
    performed,
    refused,
    unknown,
)
from holdfast.session.flash import nothing_but_flash
from holdfast.session.grace import seal
from holdfast.session.load import find
from holdfast.session.merge import Merged, merge
from holdfast.session.policy import DEFAULT, Policy
from holdfast.session.session import Record, Session
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Elsewhere,
    Facts,
    Found,
    Gone,
    Grace,
    IdCollision,
    Missing,
    Move,
    Refused,
    Saved,
    Touch,
    Touched,
)

FactsOf = Callable[[Session], Facts]


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
    merged attributes afterwards; ``session.conflicts`` names what gave way. Where another request
    has given it a new id, the browser of this one is led there: the changes are merged into the
    session under that id.

    Under a new id the session is moved in one effect: the old id then leads its own browser to the
    new one for a moment, and is dead after that. `Session.invalidate` ends the old session first,
    under whatever id other requests have given it since it was loaded here.
    A session that was only read raises neither SessionConflict nor SessionGone.

    After an error nothing is known to be saved, and the flash data has aged: load the session anew
    rather than saving this one again.

    Args:
        session: the session; it knows afterwards what stands in the store, and can be saved again.
        codec: what writes the stored value; the one it was loaded with.
        lifetime: seconds that the session lives from now on.
        now: epoch seconds.
        facts: what the database store writes beside the payload, of a session as it is written.
        policy: how it is written, merged and retried.

    Returns:
        Whether the browser must be given the cookie: the id is new, or the expiry has moved.

    Raises:
        SessionConflict: others kept saving it until the attempts were used up, or changed an
            exclusive key; nothing was written.
        AuthConflict: this request has logged in while another one logged somebody else in, or out,
            with the same guard; nothing was written.
        SessionGone: it has ended since it was read; nothing was written. After `invalidate`, where
            the store has no room beside its sessions: it has ended, or has another id by now.
        SaveUnknown: the store's answer was lost, and it could not be learnt what became of it; or
            the session was ended, and what was put into the new one could not be written.
        LevelRefused: its guarantee level cannot be held now; nothing was written.
        Undecodable: what another request has saved is no session; nothing was written.
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
        if is_changed(session, codec):
            yield from writer.rewrite(record, moves=moves)
        elif moves:
            moves = yield from writer.touch(record)
        return moves or session.followed
    if record is not None and not session.invalidated:
        yield from writer.move(record)
        return True
    if record is None:
        return (yield from writer.create())
    # First of all: whatever becomes of the new session, the logout has happened.
    yield from writer.delete(record)
    try:
        yield from writer.create()
    except StoreError as error:
        raise ended_alone(error) from error
    return True


@dataclass(slots=True)
class _Writer:
    """What one save writes with."""

    session: Session
    codec: Codec
    expires_at: int
    facts: FactsOf
    policy: Policy
    met: tuple[Record, Attributes] | None = None
    """What another request has saved, as it was read for the last merge."""

    def rewrite(self, record: Record, *, moves: bool) -> Flow[None]:
        """Write the attributes over a record, merged with what stands there or where it moved."""
        for pause in pauses(self.policy, self.policy.attempts):
            until = self.expires_at if moves else record.found.expires_at
            data = self.codec.dumps(self.session.attributes)
            commit = Commit(
                record.sid,
                record.found,
                data,
                until,
                write_id=_write_id(),
                level=self.policy.levels.data,
                facts=self.facts(self.session),
            )
            result, doubtful = yield from performed(self.policy, commit)
            match result:
                case Saved(token):
                    self._stands(record.sid, Found(data, until, token))
                    return
                case Conflict(found) if doubtful and self._is_ours(found, data):
                    self._stands(record.sid, found)
                    return
                case Conflict(found):
                    theirs = Record(record.sid, found)
                case Gone():
                    theirs, sealed = yield from self._followed(record)
                    self.session.follow(theirs.sid, sealed)
                case _:
                    raise refused(result)
            yield from do(Sleep(pause))
            if not self._merge(record, theirs, doubtful=doubtful):
                self.session.stands_as(Record(theirs.sid, theirs.found, ours=True))
                return
            record = theirs
        raise conflict()

    def touch(self, record: Record) -> Flow[bool]:
        """Move the expiry; whether that was done."""
        found = record.found
        result, _ = yield from performed(self.policy, Touch(record.sid, found, self.expires_at))
        if not isinstance(result, Touched):
            # Who saved or ended it meanwhile has settled its expiry, and we had nothing to write: a
            # request that only reads never fails for what others do.
            return False
        moved = Found(found.data, self.expires_at, found.token)
        self.session.stands_as(Record(record.sid, moved, record.ours))
        return True

    def create(self) -> Flow[bool]:
        """Write it under its new id; False: nothing is in it, and nothing was written."""
        if nothing_but_flash(self.session.attributes):
            self.session.stands_as(None)
            return False
        data = self.codec.dumps(self.session.attributes)
        for _ in range(self.policy.attempts):
            commit = Commit(
                self.session.id,
                None,
                data,
                self.expires_at,
                write_id=_write_id(),
                level=self.policy.levels.data,
                facts=self.facts(self.session),
            )
            result, doubtful = yield from performed(self.policy, commit)
            match result:
                case Saved(token):
                    self._stands(self.session.id, Found(data, self.expires_at, token))
                    return True
                case Conflict(found) if doubtful and found.data == data:
                    # Nobody else can have chosen this id.
                    self._stands(self.session.id, found)
                    return True
                case Conflict() | IdCollision():
                    self.session.take_fresh_id()
                case _:
                    raise refused(result)
        raise conflict()

    def move(self, record: Record) -> Flow[None]:
        """Give the record the session's new id, with what others wrote to it meanwhile."""
        for pause in pauses(self.policy, self.policy.attempts):
            data = self.codec.dumps(self.session.attributes)
            move = Move(
                record.sid,
                record.found,
                self.session.id,
                data,
                self.expires_at,
                grace=self._grace(record),
                fence_seconds=self.policy.fence_seconds,
                write_id=_write_id(),
                level=self.policy.levels.login,
                facts=self.facts(self.session),
            )
            result, doubtful = yield from performed(self.policy, move)
            theirs = None
            match result:
                case Saved(token):
                    self._stands(self.session.id, Found(data, self.expires_at, token))
                    return
                case Conflict(found):
                    theirs = Record(record.sid, found)
                case IdCollision():
                    self.session.take_fresh_id()
                    continue
                case Gone() if doubtful:
                    mine, _ = yield from find(self.session.id, None)
                    if mine is not None:
                        self._stands(mine.sid, mine.found)
                        return
                case Gone():
                    pass
                case _:
                    raise refused(result)
            if theirs is None:
                theirs, _ = yield from self._followed(record)
            yield from do(Sleep(pause))
            self._merge(record, theirs, doubtful=False)
            record = theirs
        raise conflict()

    def delete(self, record: Record) -> Flow[None]:
        """End the session whatever it holds, wherever other requests have moved it.

        Who has loaded it may end it: unlike a reader, this request need not show the cookie that
        came with the move. A move that happens meanwhile is met under the next id.
        """
        level, seconds = self.policy.levels.logout, self.policy.fence_seconds
        sid = record.sid
        for _ in range(self.policy.attempts):
            delete = Delete(sid, fence_seconds=seconds, level=level)
            result, doubtful = yield from performed(self.policy, delete)
            match result:
                case Elsewhere(to):
                    self.policy.metrics.count("followed")
                    sid = to
                case Missing(remembered=False) if not doubtful:
                    raise ended_or_moved()
                case Refused():
                    raise refused(result)
                case _:
                    self.session.stands_as(None)
                    return
        raise conflict()

    def _followed(self, record: Record) -> Flow[tuple[Record, bytes]]:
        """Where another request has moved the record, if this one's browser may know; the seal."""
        theirs, sealed = yield from find(record.sid, self.session.shown)
        if theirs is None or sealed is None:
            self.policy.metrics.count("gone")
            raise gone()
        self.policy.metrics.count("followed")
        return theirs, sealed

    def _merge(self, base: Record, theirs: Record, *, doubtful: bool) -> bool:
        """Merge what another request saved into the session; False: nothing is left to write."""
        before = self.met[1] if self.met and self.met[0] is base else None
        if before is None:
            before = self.codec.loads(base.found.data)
        stored = self.codec.loads(theirs.found.data)
        self.met = (theirs, stored)
        merged = merge(before, self.session.attributes, stored, self.policy.rules)
        if doubtful and merged.additive:
            # What stands there may hold this very change: it must not be added twice.
            raise unknown("another request has saved since")
        self._count(merged)
        self.session.take_merged(merged.attributes, merged.conflicts)
        return merged.attributes.dumps() != stored.dumps()

    def _count(self, merged: Merged) -> None:
        self.policy.metrics.count("merged")
        for _ in merged.conflicts:
            self.policy.metrics.count("conflict")

    def _is_ours(self, found: Found, data: bytes) -> bool:
        """Whether bytes in doubt must be this write's: nobody else can have made the same."""
        return found.data == data and self.codec.encrypter is not None

    def _grace(self, record: Record) -> Grace | None:
        shown = self.session.shown
        if shown is None or not self.policy.grace_seconds:
            return None
        token = self.codec.loads(record.found.data).get("_token")
        return Grace(self.policy.grace_seconds, seal(shown.cookie, str(token)))

    def _stands(self, sid: str, found: Found) -> None:
        self.session.stands_as(Record(sid, found, ours=True))


def is_changed(session: Session, codec: Codec) -> bool:
    """Whether the attributes are others than those that stand in the store, as far as is known."""
    record = session.record
    if record is None:
        return not nothing_but_flash(session.attributes)
    if record.ours:
        return codec.loads(record.found.data).dumps() != session.attributes.dumps()
    return session.attributes.changed()


def _write_id() -> str:
    return secrets.token_hex(8)
