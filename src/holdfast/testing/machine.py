"""Hypothesis looks for a sequence of operations on which a store and the memory store differ."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from holdfast.core.flow import Effect
from holdfast.stores.contract import Commit, Delete, Find, Found, IdCollision, Saved, Scan, Touch
from holdfast.stores.memory import MemoryStore
from holdfast.testing.harness import Mode, OpenHarness, connected, dress

EXAMPLES = 40
STEPS = 25

SIDS = st.sampled_from(["a" * 40, "A" * 40, "0" * 40])
PAYLOADS = st.sampled_from([b"x", b"X", b"xy", b"\0", b"long" * 50])
SECONDS = st.sampled_from([50, 100, 7200])


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

        def teardown(self) -> None:
            self._stack.close()

        def _both(self, operation: Effect[Any]) -> Any:
            expected = self._remember(operation)
            assert self._perform(operation) == expected
            return expected

        @rule(sid=SIDS)
        def find(self, sid: str) -> None:
            found = self._both(Find(sid))
            if found is not None:
                self._seen[sid] = found

        @rule(sid=SIDS, payload=PAYLOADS, seconds=SECONDS)
        def create(self, sid: str, payload: bytes, seconds: int) -> None:
            new = Found(dress(self._form, payload), self._clock() + seconds)
            create = Commit(sid, None, new.data, new.expires_at)
            created = self._perform(create)
            if created == IdCollision():
                # Only an id of other case, expired or not, may stand in the way.
                assert any(row != sid and row.lower() == sid.lower() for row in self._rows)
                return
            assert created == self._remember(create)
            if created == Saved():
                self._rows.add(sid)
                # An older base is kept: somebody may still hold it.
                self._seen.setdefault(sid, new)

        @rule(sid=SIDS, payload=PAYLOADS, seconds=SECONDS)
        def save_from_what_was_seen(self, sid: str, payload: bytes, seconds: int) -> None:
            if base := self._seen.get(sid):
                new = Found(dress(self._form, payload), self._clock() + seconds)
                if self._both(Commit(sid, base, new.data, new.expires_at)) == Saved():
                    self._seen[sid] = new

        @rule(sid=SIDS, seconds=SECONDS)
        def touch_what_was_seen(self, sid: str, seconds: int) -> None:
            if base := self._seen.get(sid):
                self._both(Touch(sid, base, self._clock() + seconds))

        @rule(sid=SIDS)
        def delete(self, sid: str) -> None:
            self._both(Delete(sid))
            self._rows.discard(sid)

        @rule(sid=SIDS)
        def expire(self, sid: str) -> None:
            if self._both(Find(sid)):
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
