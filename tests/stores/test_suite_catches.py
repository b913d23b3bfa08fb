"""The conformance suite is worth something: broken stores do not agree with the memory store."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import Phase, settings

from holdfast.stores.contract import Commit, Conflict, Delete, Deleted, Find, Move, Saved, Touch
from holdfast.stores.memory import MemoryStore
from holdfast.testing import Harness, ManualClock
from holdfast.testing.machine import agree_with_memory


def blind(perform, operation):
    """Last write wins."""
    if isinstance(operation, Commit):
        perform(Delete(operation.sid))
        return perform(replace(operation, base=None))
    return perform(operation)


def takes_equal_bytes_for_success(perform, operation):
    """Believes that it saved when it finds what it wanted to write."""
    result = perform(operation)
    if isinstance(operation, Commit) and isinstance(result, Conflict):
        return Saved() if result.found.data == operation.data else result
    return result


def folds_case(perform, operation):
    """Finds ids equal that differ in letter case."""
    if hasattr(operation, "sid"):
        operation = replace(operation, sid=operation.sid.lower())
    return perform(operation)


def forgets_to_touch(perform, operation):
    """Says that it moved the expiry, and did not."""
    result = perform(operation)
    if isinstance(operation, Touch) and perform(Find(operation.sid)):
        perform(replace(operation, expires_at=operation.base.expires_at))
    return result


def never_deletes(perform, operation):
    """Says that it deleted, and did not."""
    if isinstance(operation, Delete) and perform(Find(operation.sid)):
        return Deleted()
    return perform(operation)


def writes_again(perform, operation):
    """Performs a write that it was told before as if it were new."""
    if isinstance(operation, Commit | Move):
        operation = replace(operation, again=False)
    return perform(operation)


def leaves_the_old_id(perform, operation):
    """Moves a session, and keeps it under the old id too."""
    result = perform(operation)
    if isinstance(operation, Move) and result == Saved():
        perform(Commit(operation.sid, None, operation.base.data, operation.base.expires_at))
    return result


def sets_no_fence(perform, operation):
    """Ends an id, and lets it be created again."""
    if isinstance(operation, Delete | Move):
        operation = replace(operation, fence_seconds=0)
    return perform(operation)


def tells_nobody(perform, operation):
    """Moves a session, and leads nobody to it."""
    return perform(replace(operation, grace=None) if isinstance(operation, Move) else operation)


@dataclass(frozen=True)
class Broken(MemoryStore):
    """A memory store with one fault."""

    fault: Any = None

    @contextmanager
    def connect(self):
        with super().connect() as perform:
            yield lambda operation: self.fault(perform, operation)


@pytest.fixture
def unshrunk():
    """A found fault need not be made small here."""
    settings.register_profile("unshrunk", settings.default, phases=[Phase.generate])
    before = settings.get_current_profile_name()
    settings.load_profile("unshrunk")
    yield
    settings.load_profile(before)


@pytest.mark.usefixtures("unshrunk")
@pytest.mark.parametrize(
    "fault",
    [
        blind,
        takes_equal_bytes_for_success,
        folds_case,
        forgets_to_touch,
        never_deletes,
        writes_again,
        leaves_the_old_id,
        sets_no_fence,
        tells_nobody,
    ],
)
def test_a_fault_is_found(fault):
    @contextmanager
    def open_harness():
        clock = ManualClock()
        yield Harness(Broken(clock=clock, fault=fault), lambda sid: clock.advance(7200), clock)

    with pytest.raises((AssertionError, ExceptionGroup)):
        agree_with_memory(open_harness, "sync")
