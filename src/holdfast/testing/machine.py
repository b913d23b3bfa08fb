"""Hypothesis looks for a sequence of operations on which a store and the memory store differ."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from holdfast.core.flow import Effect
from holdfast.stores.contract import (
    Commit,
    Delete,
    Find,
    Found,
    Grace,
    IdCollision,
    Move,
    Saved,
    Scan,
    Touch,
)
from holdfast.stores.memory import MemoryStore
from holdfast.testing.harness import Mode, OpenHarness, connected, dress

EXAMPLES = 40
STEPS = 25

SIDS = st.sampled_from(["a" * 40, "A" * 40, "0" * 40])
TARGETS = st.sampled_from(["0" * 40, "A" * 40, "b" * 40, "a" * 40])
PAYLOADS = st.sampled_from([b"x", b"X", b"xy", b"\0", b"long" * 50])
SECONDS = st.sampled_from([50, 100, 7200])
LONG = 1000
"""Seconds of a fence or a grace: more than an example lasts by a server's own clock."""
FENCES = st.sampled_from([0, 0, 0, LONG])  # rarely: an id that is fenced is of no more use
GRACES = st.sampled_from([LONG, 0])


def agree_with_memory(open_harness: OpenHarness, mode: Mode) -> None:
    """Fail with the shortest sequence found whose results differ."""

    class Agreement(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self._stack = ExitStack()
            self._harness = self._stack.enter_context(open_harness())
            store = self._harness.store
            self._perform = self._stack.enter_context(connected(store, mode)).perform
            self._clock = self._harness.clock
            self._form = store.form
            memory = MemoryStore(lifetime=store.lifetime, clock=self._clock)
            self._remember = self._stack.enter_context(memory.connect())
            self._seen: dict[str, Found] = {}
            self._rows: set[str] = set()
            self._beside = store.beside
            self._writes: list[Commit | Move] = []

        def teardown(self) -> None:
            self._stack.close()

        def _both(self, operation: Effect[Any]) -> Any:
            expected = self._remember(operation)
            assert self._perform(operation) == expected
            return expected

        def _write(self, write: Commit | Move) -> Any:
            if self._beside and not write.again:
                write = replace(write, write_id=f"{len(self._writes):016}")
                self._writes.append(write)
            written = self._perform(write)
            to = write.to if isinstance(write, Move) else write.sid
            if written == IdCollision() and not isinstance(self._remember(Find(to)), Found):
                # Only an id of other case, expired or not, may stand in the way.
                assert any(row != to and row.lower() == to.lower() for row in self._rows)
                return written
            assert written == self._remember(write)
            if written == Saved():
                self._rows.add(to)
                if isinstance(write, Move):
                    self._rows.discard(write.sid)
            return written

        def _new(self, payload: bytes, seconds: int) -> Found:
            return Found(dress(self._form, payload), self._clock() + seconds)

        @rule(sid=SIDS)
        def find(self, sid: str) -> None:
            found = self._both(Find(sid))
            if isinstance(found, Found):
                self._seen[sid] = found

        @rule(sid=SIDS, payload=PAYLOADS, seconds=SECONDS)
        def create(self, sid: str, payload: bytes, seconds: int) -> None:
            new = self._new(payload, seconds)
            if self._write(Commit(sid, None, new.data, new.expires_at)) == Saved():
                # An older base is kept: somebody may still hold it.
                self._seen.setdefault(sid, new)

        @rule(sid=SIDS, payload=PAYLOADS, seconds=SECONDS)
        def save_from_what_was_seen(self, sid: str, payload: bytes, seconds: int) -> None:
            if base := self._seen.get(sid):
                new = self._new(payload, seconds)
                if self._write(Commit(sid, base, new.data, new.expires_at)) == Saved():
                    self._seen[sid] = new

        @rule(sid=SIDS, to=TARGETS, payload=PAYLOADS, seconds=SECONDS, fence=FENCES, grace=GRACES)
        def move(
            self, sid: str, to: str, *, payload: bytes, seconds: int, fence: int, grace: int
        ) -> None:
            found = self._both(Find(sid))
            if base := found if isinstance(found, Found) else self._seen.get(sid):
                new = self._new(payload, seconds)
                move = Move(
                    sid,
                    base,
                    to,
                    new.data,
                    new.expires_at,
                    grace=Grace(grace, payload) if self._beside and grace else None,
                    fence_seconds=fence if self._beside else 0,
                )
                if self._write(move) == Saved():
                    self._seen[to] = new
                self._both(Find(sid))

        @rule(number=st.integers(0, STEPS))
        def write_again(self, number: int) -> None:
            if self._writes:
                write = self._writes[number % len(self._writes)]
                self._write(replace(write, again=True))

        @rule(sid=SIDS, seconds=SECONDS)
        def touch_what_was_seen(self, sid: str, seconds: int) -> None:
            if base := self._seen.get(sid):
                self._both(Touch(sid, base, self._clock() + seconds))

        @rule(sid=SIDS, fence=FENCES)
        def delete(self, sid: str, fence: int) -> None:
            self._both(Delete(sid, fence_seconds=fence if self._beside else 0))
            self._rows.discard(sid)
            if fence:
                new = self._new(b"x", 100)
                self._write(Commit(sid, None, new.data, new.expires_at))

        @rule(sid=SIDS)
        def expire(self, sid: str) -> None:
            if isinstance(self._both(Find(sid)), Found):
                self._harness.expire(sid)
                # A server's clock does not move the memory store's.
                self._remember(Delete(sid))

        @rule()
        def scan(self) -> None:
            expected = self._remember(Scan())
            page = self._perform(Scan())
            sids = set(page.sids)
            while page.cursor is not None:
                page = self._perform(Scan(page.cursor))
                sids.update(page.sids)
            assert sids == set(expected.sids)

    run_state_machine_as_test(
        Agreement, settings=settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
    )
