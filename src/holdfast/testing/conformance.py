"""The cases that every store must pass. What they mean is written in ``stores.contract``."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from holdfast.core.clock import wall_clock
from holdfast.core.errors import UsageError
from holdfast.stores.beside import Aside, ScanAside
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Elsewhere,
    Facts,
    Fenced,
    Find,
    Found,
    Gone,
    Grace,
    IdCollision,
    Level,
    Missing,
    Move,
    Moved,
    Refused,
    Saved,
    Scan,
    SetAside,
    Touch,
    Touched,
)
from holdfast.testing.harness import Client, Harness, Mode, OpenHarness, connected, dress, new_sid
from holdfast.testing.machine import agree_with_memory

SAVERS = 8
PATIENCE_SECONDS = 60.0
LEVELS: tuple[Level, ...] = ("replicated", "strict")

PAYLOADS = {
    "typical": b'a:1:{s:6:"_token";s:3:"abc";}',
    "one byte": b"0",
    "nul": b"a\0b\0",
    "not utf-8": b"\xff\xfe\x80",
    "every byte": bytes(range(256)),
    "quotes": b"""'";--`\\%s{}$1""",
    "line ends": b"\r\n\n\r",
    "a megabyte": bytes(range(256)) * 4096,
}


class StoreConformance:
    """Subclass it, override the fixture ``open_harness``, and let pytest collect it."""

    @pytest.fixture
    def open_harness(self) -> OpenHarness:
        """A function that makes an empty store; see :data:`OpenHarness`."""
        raise NotImplementedError("override the fixture open_harness")

    @pytest.fixture
    def harness(self, open_harness: OpenHarness) -> Iterator[Harness]:
        """The store of one case."""
        with open_harness() as harness:
            yield harness

    @pytest.fixture(params=["sync", "async"])
    def mode(self, request: pytest.FixtureRequest) -> Mode:
        """How the store is called."""
        mode: Mode = request.param
        return mode

    @pytest.fixture
    def client(self, harness: Harness, mode: Mode) -> Iterator[Client]:
        """The store of one case, connected."""
        with connected(harness.store, mode) as client:
            yield client

    @pytest.fixture
    def case(self, harness: Harness, client: Client) -> Case:
        """Shorthands of one case."""
        return Case(harness, client)

    def test_says_what_it_is(self, harness: Harness) -> None:
        """Name, address, lifetime."""
        store = harness.store
        assert store.name
        assert store.where
        assert store.lifetime > 0
        assert all(isinstance(value, str) for value in store.details.values())

    def test_missing(self, case: Case) -> None:
        """An id that nobody saved is None for a reader, Missing for a delete."""
        assert case.do(Find(case.sid)) is None
        for fence in (0, 1000):
            deleted = case.do(Delete(case.sid, fence_seconds=fence))
            assert deleted == Missing()
            assert deleted.remembered is (case.beside and fence > 0)

    @pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
    def test_keeps_bytes_and_expiry(self, case: Case, payload: bytes) -> None:
        """What is created or saved is read back as it was."""
        first, second = case.found(payload), case.found(payload + b"!", seconds=500)
        assert case.create(first) == Saved()
        assert case.do(Find(case.sid)) == first
        assert case.save(first, second) == Saved()
        assert case.do(Find(case.sid)) == second
        assert case.save(second, first) == Saved()
        assert case.do(Find(case.sid)) == first

    def test_creates_once(self, case: Case) -> None:
        """The second create writes nothing and is shown the first one's bytes."""
        first = case.found(b"first")
        assert case.create(first) == Saved()
        assert case.create(case.found(b"second")) == Conflict(first)
        assert case.do(Find(case.sid)) == first

    def test_refuses_another_base(self, case: Case) -> None:
        """A save from other bytes than stand there writes nothing and is shown the current ones."""
        current = case.found(b"current")
        case.create(current)
        for stale in (b"older", b"current ", b"curren", b"Current", b""):
            refused = case.save(case.found(stale), case.found(b"new"))
            assert refused == Conflict(current)
        assert case.do(Find(case.sid)) == current

    def test_compares_letter_case(self, case: Case) -> None:
        """A base that differs from what is stored in letter case alone is another base."""
        current = case.found(b"abcxyz")
        case.create(current)
        swapped = Found(current.data.swapcase(), current.expires_at)
        assert case.save(swapped, case.found(b"new")) == Conflict(current)
        assert case.do(Touch(case.sid, swapped, case.at(900))) == Conflict(current)

    def test_the_base_s_expiry_does_not_matter(self, case: Case) -> None:
        """Only bytes are compared: a touch in between is no conflict."""
        current = case.found(b"current")
        case.create(current)
        assert case.do(Touch(case.sid, current, case.at(900))) == Touched()
        assert case.save(current, case.found(b"new")) == Saved()

    def test_one_base_saves_once(self, case: Case) -> None:
        """Two saves of the same bytes from the same base: the second did not happen."""
        base, new = case.found(b"n=1"), case.found(b"n=2")
        case.create(base)
        assert case.save(base, new) == Saved()
        assert case.save(base, new) == Conflict(new)

    def test_saving_what_stands_there(self, case: Case) -> None:
        """A save may write the base's own bytes; it then moves the expiry."""
        base = case.found(b"same")
        case.create(base)
        again = Found(base.data, case.at(900))
        assert case.save(base, again) == Saved()
        assert case.do(Find(case.sid)) == again

    def test_ids_differ_in_letter_case(self, case: Case) -> None:
        """Two ids that differ in letter case alone are two sessions, or the second is refused."""
        lower, upper = "a" * 40, "A" * 40
        case.create(case.found(b"lower"), sid=lower)
        assert case.do(Find(upper)) is None
        created = case.create(case.found(b"upper"), sid=upper)
        assert created in (Saved(), IdCollision())
        there = created == Saved()
        assert case.do(Find(upper)) == (case.found(b"upper") if there else None)
        assert case.do(Find(lower)) == case.found(b"lower")
        for operation in (
            Commit(upper, case.found(b"lower"), case.found(b"new").data, case.at(100)),
            Touch(upper, case.found(b"lower"), case.at(900)),
        ):
            refused = Conflict(case.found(b"upper")) if there else Gone()
            assert case.do(operation) == refused
        assert case.do(Delete(upper)) == (Deleted() if there else Missing())
        assert case.do(Find(lower)) == case.found(b"lower")

    def test_deleted_is_gone(self, case: Case) -> None:
        """A save or touch with a base cannot bring a deleted session back; a create may."""
        base = case.found(b"base")
        case.create(base)
        assert case.do(Delete(case.sid)) == Deleted()
        assert case.do(Delete(case.sid)) == Missing()
        assert case.save(base, case.found(b"new")) == Gone()
        assert case.do(Touch(case.sid, base, case.at(900))) == Gone()
        assert case.do(Find(case.sid)) is None
        assert case.create(case.found(b"anew")) == Saved()

    def test_touch(self, case: Case) -> None:
        """A touch moves the expiry, to and fro, and keeps the bytes."""
        base = case.found(b"base")
        case.create(base)
        for seconds in (900, 30):
            assert case.do(Touch(case.sid, base, case.at(seconds))) == Touched()
            assert case.do(Find(case.sid)) == Found(base.data, case.at(seconds))

    def test_touch_on_changed(self, case: Case) -> None:
        """A touch from other bytes than stand there changes nothing."""
        current = case.found(b"current")
        case.create(current)
        touched = case.do(Touch(case.sid, case.found(b"older"), case.at(900)))
        assert touched == Conflict(current)
        assert case.do(Find(case.sid)) == current

    def test_expired_is_missing(self, case: Case, harness: Harness) -> None:
        """After its time a session is missing to everybody, and a create may take its id."""
        base = case.found(b"base")
        case.create(base)
        harness.expire(case.sid)
        assert case.do(Find(case.sid)) is None
        assert case.save(base, case.found(b"new")) == Gone()
        assert case.do(Touch(case.sid, base, case.at(900))) == Gone()
        assert case.scan() == []
        anew = case.found(b"anew", seconds=1000)
        assert case.create(anew) == Saved()
        assert case.do(Find(case.sid)) == anew
        assert case.create(case.found(b"other", seconds=1000)) == Conflict(anew)

    def test_deleting_the_expired(self, case: Case, harness: Harness) -> None:
        """There is nothing left to delete."""
        case.create(case.found(b"base"))
        harness.expire(case.sid)
        assert case.do(Delete(case.sid)) == Missing()

    def test_expiry_in_the_past(self, case: Case) -> None:
        """A session that is saved with an expiry that has come is missing at once."""
        base = case.found(b"base")
        case.create(base)
        assert case.save(base, case.found(b"new", seconds=0)) == Saved()
        assert case.do(Find(case.sid)) is None
        assert case.create(case.found(b"anew", seconds=-5)) == Saved()
        assert case.do(Find(case.sid)) is None
        assert case.create(base) == Saved()

    @pytest.mark.parametrize("batch", [1, 3, 500])
    def test_scan(self, case: Case, harness: Harness, batch: int) -> None:
        """A scan lists exactly the live sessions, however it is cut into batches."""
        assert case.scan(batch) == []
        dead, deleted, *live = sorted(new_sid() for _ in range(9))
        case.create(case.found(b"dead", seconds=50), sid=dead)
        harness.expire(dead)
        for sid in (deleted, *live):
            case.create(case.found(b"live"), sid=sid)
        case.do(Delete(deleted))
        assert case.scan(batch) == live

    @pytest.mark.parametrize("same", [False, True], ids=["other bytes", "same bytes"])
    def test_concurrent_savers(self, case: Case, client: Client, same: bool) -> None:
        """Of many savers with one base exactly one is told Saved, and its bytes stand there."""
        base = case.found(b"0")
        case.create(base)
        for round in range(5):
            marks = [0] * SAVERS if same else range(SAVERS)
            news = [case.found(b"%d.%d" % (round, mark)) for mark in marks]
            results = client.race([Commit(case.sid, base, n.data, n.expires_at) for n in news])
            saved = [new for new, result in zip(news, results, strict=True) if result == Saved()]
            assert len(saved) == 1
            assert [r for r in results if r != Saved()] == [Conflict(saved[0])] * (SAVERS - 1)
            assert case.do(Find(case.sid)) == saved[0]
            base = saved[0]

    def test_concurrent_creators(self, case: Case, client: Client) -> None:
        """Of many creators of one id exactly one is told Saved, and its bytes stand there."""
        for sid in (new_sid() for _ in range(5)):
            news = [case.found(b"%d" % i) for i in range(SAVERS)]
            results = client.race([Commit(sid, None, n.data, n.expires_at) for n in news])
            saved = [new for new, result in zip(news, results, strict=True) if result == Saved()]
            assert len(saved) == 1
            assert [r for r in results if r != Saved()] == [Conflict(saved[0])] * (SAVERS - 1)
            assert case.do(Find(sid)) == saved[0]

    def test_concurrent_sessions_do_not_mix(self, case: Case, client: Client) -> None:
        """Many sessions at once: each reader gets its own bytes."""
        founds = {new_sid(): case.found(b"session %d" % i) for i in range(2 * SAVERS)}
        created = client.race([Commit(s, None, f.data, f.expires_at) for s, f in founds.items()])
        assert created == [Saved()] * len(founds)
        assert client.race([Find(sid) for sid in founds]) == list(founds.values())

    def test_deleting_while_saving(self, case: Case, client: Client) -> None:
        """Whatever the order, a deleted session does not come back."""
        for sid in (new_sid() for _ in range(10)):
            base, new = case.found(b"base"), case.found(b"new")
            case.create(base, sid=sid)
            save = Commit(sid, base, new.data, new.expires_at)
            saved, deleted = client.race([save, Delete(sid)])
            assert saved in (Saved(), Gone())
            assert deleted == Deleted()
            assert case.do(Find(sid)) is None

    def test_facts_do_not_change_the_payload(self, case: Case) -> None:
        """What the database store writes beside the payload; any store takes it."""
        facts = Facts(user_id=7, ip_address="2001:db8::1", user_agent="agent/1.0 " + "ü" * 600)
        new = case.found(b"new")
        assert case.do(Commit(case.sid, None, new.data, new.expires_at, facts=facts)) == Saved()
        assert case.do(Find(case.sid)) == new

    @pytest.mark.parametrize("sid", ["", "a" * 39, "a" * 41, "a" * 39 + "/", "../" + "a" * 37])
    def test_bad_id(self, case: Case, sid: str) -> None:
        """What is not a session id reaches no store."""
        with pytest.raises(UsageError):
            case.do(Find(sid))

    def test_two_connections_see_the_same(self, case: Case, harness: Harness, mode: Mode) -> None:
        """What one connection saved another one reads, and it outlives both."""
        current = case.found(b"current")
        with connected(harness.store, mode) as other:
            assert (
                other.perform(Commit(case.sid, None, current.data, current.expires_at)) == Saved()
            )
        assert case.do(Find(case.sid)) == current

    # What a write id, a move, a fence and a grace are.

    def test_a_write_is_saved_once_however_often_it_is_performed(self, case: Case) -> None:
        """Performed again under its id it is Saved, and what others wrote since stays."""
        base, mine, later = case.found(b"n=1"), case.found(b"n=2"), case.found(b"n=3")
        create = Commit(case.sid, None, base.data, base.expires_at, write_id="c" * 16)
        save = Commit(case.sid, base, mine.data, mine.expires_at, write_id="s" * 16)
        assert case.do(create) == Saved()
        assert case.do(save) == Saved()
        assert case.save(mine, later) == Saved()
        for write in (create, save):
            expected = Saved() if case.beside else Conflict(later)
            assert case.do(replace(write, again=True)) == expected
        assert case.do(Find(case.sid)) == later

    def test_a_write_that_was_not_performed_is_not_remembered(self, case: Case) -> None:
        """Only the write that happened is; one that was refused, or of another session, is not."""
        base = case.found(b"base")
        case.create(base)
        refused = Commit(case.sid, case.found(b"x"), base.data, base.expires_at, write_id="r" * 16)
        for write in (refused, replace(refused, again=True)):
            assert case.do(write) == Conflict(base)
        fresh = Commit(case.sid, base, base.data, base.expires_at, write_id="f" * 16, again=True)
        assert case.do(fresh) == Saved()
        elsewhere = replace(fresh, sid=new_sid())
        assert case.do(elsewhere) == Gone()

    def test_the_last_writes_are_remembered(self, case: Case) -> None:
        """Many of them, so that a slow request finds its own among those of others."""
        case.create(case.found(b"0"))
        writes = []
        for number in range(8):
            base, new = case.found(b"%d" % number), case.found(b"%d" % (number + 1))
            writes.append(
                Commit(case.sid, base, new.data, new.expires_at, write_id=f"{number:016}")
            )
            assert case.do(writes[-1]) == Saved()
        stands = case.found(b"8")
        for write in writes:
            expected = Saved() if case.beside else Conflict(stands)
            assert case.do(replace(write, again=True)) == expected
        assert case.do(Find(case.sid)) == stands

    def test_a_wrong_write_id_reaches_no_store(self, case: Case) -> None:
        """A write id is 16 letters and digits."""
        with pytest.raises(UsageError):
            Commit(case.sid, None, b"", case.at(1), write_id="short")

    def test_moving(self, case: Case) -> None:
        """The session is under the new id, and under no other."""
        base, new = case.found(b"guest"), case.found(b"member", seconds=500)
        case.create(base)
        to = new_sid()
        move = Move(case.sid, base, to, new.data, new.expires_at, write_id="m" * 16)
        assert case.do(move) == Saved()
        assert case.do(Find(case.sid)) is None
        assert case.do(Find(to)) == new
        assert case.scan() == [to]
        assert case.do(move) == Gone()
        assert case.do(replace(move, again=True)) == (Saved() if case.beside else Gone())
        assert case.save(base, new) == Gone()

    def test_moving_what_changed(self, case: Case) -> None:
        """Another base moves nothing, and shows the current one."""
        current, new = case.found(b"current"), case.found(b"new")
        case.create(current)
        to = new_sid()
        moved = case.do(Move(case.sid, case.found(b"older"), to, new.data, new.expires_at))
        assert moved == Conflict(current)
        assert case.do(Find(case.sid)) == current
        assert case.do(Find(to)) is None

    def test_moving_to_a_taken_id(self, case: Case) -> None:
        """It is its owner's; nothing moves."""
        base, theirs = case.found(b"base"), case.found(b"theirs")
        to = new_sid()
        case.create(base)
        case.create(theirs, sid=to)
        assert case.do(Move(case.sid, base, to, base.data, base.expires_at)) == IdCollision()
        assert case.do(Find(case.sid)) == base
        assert case.do(Find(to)) == theirs

    def test_concurrent_movers(self, case: Case, client: Client) -> None:
        """Of many that move one session exactly one is told Saved, and there is one session."""
        for _ in range(5):
            sid, base = new_sid(), case.found(b"base")
            case.create(base, sid=sid)
            moves = [Move(sid, base, new_sid(), base.data, base.expires_at) for _ in range(SAVERS)]
            results = client.race(moves)
            saved = [m for m, result in zip(moves, results, strict=True) if result == Saved()]
            assert len(saved) == 1
            assert [r for r in results if r != Saved()] == [Gone()] * (SAVERS - 1)
            there = [move.to for move in moves if case.do(Find(move.to)) is not None]
            assert there == [saved[0].to]
            assert case.do(Find(sid)) is None

    def test_moving_while_saving(self, case: Case, client: Client) -> None:
        """Whatever the order, no save is lost: it is refused, or the move is."""
        for _ in range(10):
            sid, to = new_sid(), new_sid()
            base, new = case.found(b"base"), case.found(b"new")
            case.create(base, sid=sid)
            saved, moved = client.race(
                [
                    Commit(sid, base, new.data, new.expires_at),
                    Move(sid, base, to, base.data, base.expires_at),
                ]
            )
            assert (saved, moved) in ((Saved(), Conflict(new)), (Gone(), Saved()))
            assert case.do(Find(sid)) == (new if saved == Saved() else None)
            assert case.do(Find(to)) == (base if moved == Saved() else None)

    def test_a_grace_leads_to_the_new_id(self, case: Case, harness: Harness) -> None:
        """For its time; a save under the old id is refused meanwhile."""
        base, grace = case.found(b"base"), Grace(1, b"seal \0\xff of a browser")
        case.create(base)
        case.create(case.found(b"other", seconds=50), sid=(other := new_sid()))
        to = new_sid()
        move = Move(case.sid, base, to, base.data, base.expires_at, grace=grace)
        assert case.do(move) == Saved()
        seen = case.do(Find(case.sid))
        assert seen in (Moved(to, grace.seal), None)
        assert not case.beside or seen is not None or case.waits
        assert case.save(base, case.found(b"new")) == Gone()
        assert case.scan() == sorted([other, to])
        harness.expire(other)
        assert case.comes(lambda: case.do(Find(case.sid)) is None)

    @pytest.mark.parametrize("grace", [Grace(1000, b"seal"), None], ids=["grace", "no grace"])
    @pytest.mark.parametrize("fence", [1000, 0], ids=["fence", "no fence"])
    def test_a_delete_is_told_where_the_session_has_moved(
        self, case: Case, *, grace: Grace | None, fence: int
    ) -> None:
        """Under each id that it had, as often as it is asked, while it is fenced or led."""
        base = case.found(b"base")
        first, second, third = sids = case.sid, new_sid(), new_sid()
        case.create(base)
        for sid, to in itertools.pairwise(sids):
            move = Move(sid, base, to, base.data, base.expires_at, grace=grace, fence_seconds=fence)
            assert case.do(move) == Saved()
        told = case.beside and bool(grace or fence)
        for _ in range(2):
            for sid, to in itertools.pairwise(sids):
                deleted = case.do(Delete(sid, fence_seconds=1000))
                assert deleted == (Elsewhere(to) if told else Missing())
        assert case.do(Delete(first)) == Missing()
        assert case.do(Find(third)) == base
        assert case.do(Delete(third, fence_seconds=1000)) == Deleted()
        assert case.do(Delete(third, fence_seconds=1000)) == Missing()
        assert case.save(base, base) == Gone()
        led = told and grace
        assert case.do(Find(first)) == (Moved(second, b"seal") if led else None)
        assert case.do(Find(second)) == (Moved(third, b"seal") if led else None)
        assert case.do(Find(third)) is None

    def test_where_a_session_has_moved_is_forgotten(self, case: Case, harness: Harness) -> None:
        """With fence and grace; a delete after that does not bring it back to mind."""
        base, grace = case.found(b"base"), Grace(1, b"seal")
        case.create(base)
        case.create(case.found(b"other", seconds=50), sid=(other := new_sid()))
        to = new_sid()
        move = Move(case.sid, base, to, base.data, base.expires_at, grace=grace, fence_seconds=1)
        assert case.do(move) == Saved()
        harness.expire(other)
        assert case.comes(lambda: case.do(Find(case.sid)) is None)
        assert case.comes(lambda: case.create(base) == Saved())
        assert case.do(Delete(case.sid, fence_seconds=1000)) == Deleted()
        assert case.do(Delete(case.sid, fence_seconds=1000)) == Missing()

    def test_deleting_while_moving(self, case: Case, client: Client) -> None:
        """Whatever the order, whoever deletes where it is sent ends the session."""
        for _ in range(10):
            sids = sid, second, third = new_sid(), new_sid(), new_sid()
            base = case.found(b"base")
            case.create(base, sid=sid)
            moves = [
                Move(one, base, to, base.data, base.expires_at, fence_seconds=1000)
                for one, to in itertools.pairwise(sids)
            ]
            moved, deleted = client.race([moves[0], Delete(sid, fence_seconds=1000)])
            if deleted == Deleted():
                assert moved == Gone()
                assert case.scan() == []
                continue
            assert moved == Saved()
            assert deleted == (Elsewhere(second) if case.beside else Missing())
            moved, deleted = client.race([moves[1], Delete(second, fence_seconds=1000)])
            if deleted == Deleted():
                assert moved == Gone()
            else:
                assert moved == Saved()
                assert deleted == (Elsewhere(third) if case.beside else Missing())
                assert case.do(Delete(third)) == Deleted()
            assert case.scan() == []

    @pytest.mark.parametrize("there", [True, False])
    def test_a_fenced_id_is_not_created(self, case: Case, there: bool) -> None:
        """Nor after a move; other ids are."""
        base = case.found(b"base")
        if there:
            case.create(base)
        deleted = case.do(Delete(case.sid, fence_seconds=1000))
        assert deleted == (Deleted() if there else Missing())
        assert case.create(base) == (Fenced() if case.beside else Saved())
        sid = new_sid()
        assert case.create(base, sid=sid) == Saved()
        move = Move(sid, base, new_sid(), base.data, base.expires_at, fence_seconds=1000)
        assert case.do(move) == Saved()
        assert case.create(base, sid=sid) == (Fenced() if case.beside else Saved())
        assert case.create(base, sid=move.to) == Conflict(base)

    def test_what_is_set_aside_is_kept_once(self, case: Case) -> None:
        """The same bytes of the same session take no second place."""
        for _ in range(2):
            assert case.do(SetAside(case.sid, b"broken \0\xff", "encryption")) is case.beside
        assert case.do(SetAside(case.sid, b"broken otherwise", "size")) is case.beside
        assert case.scan() == []
        assert case.do(Find(case.sid)) is None

    def test_what_is_set_aside_is_listed(self, case: Case) -> None:
        """Byte for byte, each entry once, whatever the size of a page."""
        assert case.asides(batch=10) == []
        broken = [(case.sid, b"broken \0\xff\n", "encryption"), (case.sid, b"", "size")]
        broken.append((new_sid(), b"broken otherwise\n\n", "not an array"))
        for entry in broken:
            case.do(SetAside(*entry))
        for batch in (1, 2, 100):
            listed = case.asides(batch=batch)
            seen = sorted((entry.sid, entry.data, entry.reason) for entry in listed)
            assert seen == (sorted(broken) if case.beside else [])
            assert all(entry.at >= case.at(0) for entry in listed)

    def test_a_level_is_held_or_refused(self, case: Case) -> None:
        """What is refused is not written; what is not refused is."""
        for level in LEVELS:
            sid, to = new_sid(), new_sid()
            base, new = case.found(b"base"), case.found(b"new")
            case.create(base, sid=sid)
            saved = case.do(Commit(sid, base, new.data, new.expires_at, level=level))
            stands = base if isinstance(saved, Refused) else new
            assert isinstance(saved, Refused) or (saved == Saved() and level in case.levels)
            assert case.do(Find(sid)) == stands
            moved = case.do(Move(sid, stands, to, base.data, base.expires_at, level=level))
            assert isinstance(moved, Refused) or moved == Saved()
            assert case.do(Find(to)) == (None if isinstance(moved, Refused) else base)
            last = sid if isinstance(moved, Refused) else to
            deleted = case.do(Delete(last, level=level))
            assert isinstance(deleted, Refused) or deleted == Deleted()
            assert (case.do(Find(last)) is None) is (deleted == Deleted())

    def test_agrees_with_the_memory_store(self, open_harness: OpenHarness, mode: Mode) -> None:
        """Any sequence of operations has the results that it has on the memory store."""
        agree_with_memory(open_harness, mode)


class Case:
    """One case's store, session id and values."""

    def __init__(self, harness: Harness, client: Client) -> None:
        self.sid = new_sid()
        self.form = harness.store.form
        self.do = client.perform
        self.beside = harness.store.beside
        self.levels = harness.store.levels
        self._now = harness.clock()
        self.waits = harness.clock is wall_clock

    def at(self, seconds: int) -> int:
        """The instant that is so many seconds after the case's beginning."""
        return self._now + seconds

    def found(self, payload: bytes, *, seconds: int = 100) -> Found:
        """A session of this payload, dressed as the store has it."""
        return Found(dress(self.form, payload), self.at(seconds))

    def comes(self, true: Callable[[], bool]) -> bool:
        """Whether something becomes true within some seconds."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not true():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def asides(self, *, batch: int) -> list[Aside]:
        """All that is in the quarantine."""
        page = self.do(ScanAside(batch=batch))
        entries = [*page.entries]
        while page.cursor is not None:
            page = self.do(ScanAside(page.cursor, batch))
            entries += page.entries
        return entries

    def create(self, new: Found, *, sid: str | None = None) -> Any:
        """Commit without a base."""
        return self.do(Commit(sid or self.sid, None, new.data, new.expires_at))

    def save(self, base: Found, new: Found) -> Any:
        """Commit from a base."""
        return self.do(Commit(self.sid, base, new.data, new.expires_at))

    def scan(self, batch: int = 500) -> list[str]:
        """All sessions that a scan lists, sorted."""
        sids: set[str] = set()
        cursor: str | None = None
        while True:
            page = self.do(Scan(cursor, batch))
            sids.update(page.sids)
            cursor = page.cursor
            if cursor is None:
                return sorted(sids)
