"""Waiting for a session's lock: who gets it, who gives up, and that nobody leaves one behind."""

from __future__ import annotations

import re

import anyio
import pytest

from holdfast.core.errors import SessionLocked, StoreUnavailable
from holdfast.core.flow import Sleep, arun, run
from holdfast.session.lock import PAUSE_SECONDS, Limits, acquire, release
from holdfast.stores.locks import Acquire, Held, Locked, Release, Unknown
from holdfast.stores.memory_locks import MemoryLocks

SID = "s" * 40
KEY = f"session:{SID}"
OTHER = "o" * 16


class Line:
    """Performs a flow step by step: the answers are given beforehand, time passes while it sleeps.

    An answer that is an exception is raised; asked are all effects but Sleep.
    """

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.now = 0.0

    def clock(self):
        return self.now

    def acquire(self, **limits):
        return self.run(acquire(SID, Limits(**limits), clock=self.clock))

    def run(self, flow):
        sent = None
        raised = None
        try:
            while True:
                effect = flow.throw(raised) if raised else flow.send(sent)
                sent = raised = None
                if isinstance(effect, Sleep):
                    self.now += effect.seconds
                    continue
                self.asked.append(type(effect))
                answer = self.answers.pop(0)
                if isinstance(answer, BaseException):
                    raised = answer
                else:
                    sent = answer
        except StopIteration as stop:
            return stop.value


def test_it_waits_its_turn():
    line = Line(Held(), Held(), Locked())
    owner = line.acquire()
    assert re.fullmatch("[A-Za-z0-9]{16}", owner)
    assert line.asked == [Acquire] * 3
    assert line.now == 2 * PAUSE_SECONDS


def test_names_owners_and_times_are_laravel_s():
    flow = acquire(SID, Limits())
    effect = next(flow)
    assert (effect.key, effect.seconds) == (KEY, 10)
    flow.close()
    assert Limits() == Limits(lock_seconds=10, wait_seconds=10)
    assert PAUSE_SECONDS == 0.05


def test_two_requests_have_two_owners():
    owners = {run(acquire(SID, Limits()), lambda effect: Locked()) for _ in range(50)}
    assert len(owners) == 50


def test_it_gives_up_before_a_pause_that_would_pass_the_limit():
    line = Line(*[Held()] * 10)
    with pytest.raises(SessionLocked, match=r"0\.12 s"):
        line.acquire(wait_seconds=0.12)
    # At 0, 0.05 and 0.10 s. Nothing is held, so nothing is given back.
    assert line.asked == [Acquire] * 3


def test_no_wait_is_one_attempt():
    line = Line(Held())
    with pytest.raises(SessionLocked) as caught:
        line.acquire(wait_seconds=0)
    assert SID not in str(caught.value) + caught.value.hint


def test_after_a_lost_answer_the_same_owner_asks_again():
    owners = []

    def perform(effect):
        owners.append(effect.owner)
        return Unknown("cut") if len(owners) == 1 else Locked()

    assert run(acquire(SID, Limits()), perform) == owners[0] == owners[1]


def test_where_all_answers_are_lost_it_is_given_back():
    line = Line(Unknown("cut"), Unknown("cut"), True)
    with pytest.raises(StoreUnavailable, match="cut"):
        line.acquire(wait_seconds=PAUSE_SECONDS)
    assert line.asked == [Acquire, Acquire, Release]


def test_a_store_that_fails_has_taken_nothing():
    line = Line(Held(), StoreUnavailable("gone"))
    with pytest.raises(StoreUnavailable, match="gone"):
        line.acquire()
    assert line.asked == [Acquire, Acquire]


def test_a_store_that_fails_after_a_lost_answer_may_have():
    line = Line(Unknown("cut"), StoreUnavailable("gone"), StoreUnavailable("gone"))
    with pytest.raises(StoreUnavailable, match="gone"):
        line.acquire()
    assert line.asked == [Acquire, Acquire, Release]


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ([True], True),
        ([False], False),
        ([Unknown(), True], True),
        ([Unknown(), False], True),  # the first one gave it back, as far as one can know
        ([Unknown(), Unknown()], True),
        ([StoreUnavailable("gone")], True),
    ],
)
def test_a_release_says_whether_the_lock_had_ended(answers, kept):
    line = Line(*answers)
    assert line.run(release(SID, OTHER)) is kept
    assert line.asked == [Release] * len(answers)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_while_it_waits_it_leaves_the_holder_alone(anyio_backend):
    async with MemoryLocks().aconnect() as perform:
        assert await perform(Acquire(KEY, OTHER, 60)) == Locked()
        with anyio.move_on_after(3 * PAUSE_SECONDS) as scope:
            await arun(acquire(SID, Limits()), perform)
        assert scope.cancelled_caught
        assert await perform(Release(KEY, OTHER)) is True


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_cancelled_before_the_answer_came_it_gives_the_lock_back(anyio_backend):
    async with MemoryLocks().aconnect() as perform:
        taken = anyio.Event()

        async def slow(effect):
            answer = await perform(effect)
            if isinstance(effect, Acquire):
                taken.set()
                await anyio.sleep_forever()
            return answer

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(arun, acquire(SID, Limits()), slow)
            await taken.wait()
            assert await perform(Acquire(KEY, OTHER, 60)) == Held()
            tasks.cancel_scope.cancel()
        assert await perform(Acquire(KEY, OTHER, 60)) == Locked()
