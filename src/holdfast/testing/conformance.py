"""The cases that every store must pass. What they mean is written in ``stores.contract``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from holdfast.core.errors import UsageError
from holdfast.stores.contract import (
    Commit,
    Conflict,
    Delete,
    Deleted,
    Facts,
    Find,
    Found,
    Gone,
    IdCollision,
    Missing,
    Saved,
    Scan,
    Touch,
    Touched,
)
from holdfast.testing.harness import Client, Harness, Mode, OpenHarness, connected, dress, new_sid
from holdfast.testing.machine import agree_with_memory

SAVERS = 8

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
        assert case.do(Delete(case.sid)) == Missing()

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
        case.create(case.found(b"dead", seconds=5), sid=dead)
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

    def test_agrees_with_the_memory_store(self, open_harness: OpenHarness, mode: Mode) -> None:
        """Any sequence of operations has the results that it has on the memory store."""
        agree_with_memory(open_harness, mode)


class Case:
    """One case's store, session id and values."""

    def __init__(self, harness: Harness, client: Client) -> None:
        self.sid = new_sid()
        self.form = harness.store.form
        self.do = client.perform
        self._now = harness.clock()

    def at(self, seconds: int) -> int:
        """The instant that is so many seconds after the case's beginning."""
        return self._now + seconds

    def found(self, payload: bytes, *, seconds: int = 100) -> Found:
        """A session of this payload, dressed as the store has it."""
        return Found(dress(self.form, payload), self.at(seconds))

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
