"""How gently a deployment is treated: on a clock of its own, nothing is waited for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import pytest

from holdfast.rehearsal.courtesy import (
    BURST,
    EXPECTED_SECONDS,
    FEWEST,
    LONGEST_WAIT_SECONDS,
    WINDOW_SECONDS,
    Courtesy,
    seconds_of,
)

pytestmark = pytest.mark.anyio


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    async def sleep(self, seconds):
        assert seconds > 0
        self.now += seconds
        await anyio.lowlevel.checkpoint()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def distress():
    """What was said of it."""
    return []


@pytest.fixture
def courtesy(clock, distress):
    return Courtesy(2.0, distress.append, clock=clock, sleep=clock.sleep)


@pytest.mark.parametrize("rate", [0.1, 1.0, 20.0])
async def test_no_more_than_the_rate_and_one_burst(clock, rate):
    ours = Courtesy(rate, pytest.fail, clock=clock, sleep=clock.sleep)
    began, sent = clock.now, []

    async def user():
        for _ in range(20):
            await ours.turn()
            sent.append(clock.now - began)

    async with anyio.create_task_group() as tasks:
        for _ in range(5):
            tasks.start_soon(user)
    assert len(sent) == 100
    for number, at in enumerate(sent, start=1):
        assert number <= rate * at + BURST + 1e-6
    assert sent[-1] == pytest.approx((100 - BURST) / rate)


async def test_a_rest_saves_up_one_burst_and_no_more(clock, courtesy):
    clock.now += 1000
    began = clock.now
    for _ in range(int(BURST)):
        await courtesy.turn()
    assert clock.now == began
    await courtesy.turn()
    assert clock.now > began


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_holds_everybody_back(clock, courtesy, status):
    courtesy.answered(status, "30")
    began = clock.now
    await courtesy.turn()
    assert clock.now - began == pytest.approx(30)


async def test_retry_after_of_other_answers_says_nothing(clock, courtesy):
    courtesy.answered(301, "30")
    courtesy.answered(200, None)
    courtesy.answered(503, "soon")
    began = clock.now
    await courtesy.turn()
    assert clock.now == began


@pytest.mark.parametrize(("seconds", "said"), [("60", 0), ("61", 1), ("9" * 30, 1)])
def test_who_asks_for_much_is_in_distress(courtesy, distress, seconds, said):
    courtesy.answered(503, seconds)
    courtesy.answered(503, seconds)
    assert len(distress) == said


async def test_at_the_end_nobody_waits_any_more(clock):
    async def for_ever(_):
        await anyio.sleep_forever()

    courtesy = Courtesy(0.001, pytest.fail, clock=clock, sleep=for_ever)
    courtesy.answered(503, "50")
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            for _ in range(20):
                tasks.start_soon(courtesy.turn)
            await anyio.wait_all_tasks_blocked()
            courtesy.end()
        await courtesy.turn()


def test_what_retry_after_can_say():
    in_an_hour = datetime.now(UTC) + timedelta(seconds=600)
    assert seconds_of(" 7 ") == 7
    assert seconds_of("0") == 0
    assert 590 < seconds_of(format_datetime(in_an_hour, usegmt=True)) <= 600
    assert seconds_of("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    for much in ("9" * 5000, "Fri, 31 Dec 9999 23:59:59 GMT"):
        assert seconds_of(much) == LONGEST_WAIT_SECONDS
    for nothing in ("", "-1", "1.5", "²", "soon", "Fri, 99 Foo 9999"):
        assert seconds_of(nothing) == 0


@pytest.mark.parametrize("bad", [500, 503, 429, None])
def test_more_than_half_of_the_answers(courtesy, distress, bad):
    for _ in range(FEWEST // 2):
        courtesy.answered(200)
        courtesy.answered(bad)
    assert distress == []
    courtesy.answered(bad)
    courtesy.answered(bad)
    [words] = distress
    assert f"{FEWEST // 2 + 1} of {FEWEST + 1} answers" in words


def test_a_few_answers_say_nothing(courtesy, distress):
    for _ in range(FEWEST - 1):
        courtesy.answered(500)
    assert distress == []


def test_old_answers_say_nothing(clock, courtesy, distress):
    for _ in range(FEWEST - 1):
        courtesy.answered(500)
    clock.now += WINDOW_SECONDS + 1
    courtesy.answered(500)
    assert distress == []


def test_refusals_are_answers(courtesy, distress):
    for status in (401, 404, 409, 419) * 5:
        courtesy.answered(status)
    assert distress == []


def test_errors_are_expected_while_a_command_runs_and_not_for_as_long_after_it(
    clock, courtesy, distress
):
    courtesy.expect(300)
    clock.now += 200
    for _ in range(50):
        courtesy.answered(500)
    courtesy.expect()
    clock.now += EXPECTED_SECONDS
    assert distress == []
    for _ in range(FEWEST):
        courtesy.answered(500)
    assert len(distress) == 1


def test_errors_of_a_fault_are_expected_for_a_while(clock, courtesy, distress):
    for _ in range(FEWEST - 1):
        courtesy.answered(500)
    courtesy.expect()
    for _ in range(50):
        courtesy.answered(500)
    assert distress == []
    clock.now += EXPECTED_SECONDS
    for _ in range(FEWEST):
        courtesy.answered(500)
    assert len(distress) == 1
