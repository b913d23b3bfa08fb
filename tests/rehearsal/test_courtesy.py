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


def courtesy(clock, rate=2.0):
    return Courtesy(rate, clock=clock, sleep=clock.sleep)


@pytest.mark.parametrize("rate", [0.1, 1.0, 20.0])
async def test_no_more_than_the_rate_and_one_burst(clock, rate):
    ours = courtesy(clock, rate)
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


async def test_a_rest_saves_up_one_burst_and_no_more(clock):
    ours = courtesy(clock)
    clock.now += 1000
    began = clock.now
    for _ in range(int(BURST)):
        await ours.turn()
    assert clock.now == began
    await ours.turn()
    assert clock.now > began


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_holds_everybody_back(clock, status):
    ours = courtesy(clock)
    ours.answered(status, "30")
    began = clock.now
    await ours.turn()
    assert clock.now - began == pytest.approx(30)


async def test_retry_after_of_other_answers_says_nothing(clock):
    ours = courtesy(clock)
    ours.answered(301, "30")
    ours.answered(200, None)
    ours.answered(503, "soon")
    began = clock.now
    await ours.turn()
    assert clock.now == began


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
def test_more_than_half_of_the_answers(clock, bad):
    ours = courtesy(clock)
    for _ in range(FEWEST // 2):
        ours.answered(200)
        ours.answered(bad)
    assert not ours.distress
    ours.answered(bad)
    assert f"{FEWEST // 2 + 1} of {FEWEST + 1} answers" in ours.distress
    assert ours.distressed.is_set()


def test_a_few_answers_say_nothing(clock):
    ours = courtesy(clock)
    for _ in range(FEWEST - 1):
        ours.answered(500)
    assert not ours.distress


def test_old_answers_say_nothing(clock):
    ours = courtesy(clock)
    for _ in range(FEWEST - 1):
        ours.answered(500)
    clock.now += WINDOW_SECONDS + 1
    ours.answered(500)
    assert not ours.distress


def test_refusals_are_answers(clock):
    ours = courtesy(clock)
    for status in (401, 404, 409, 419) * 5:
        ours.answered(status)
    assert not ours.distress


def test_errors_of_a_fault_are_expected_for_a_while(clock):
    ours = courtesy(clock)
    for _ in range(FEWEST - 1):
        ours.answered(500)
    ours.expect()
    for _ in range(50):
        ours.answered(500)
    assert not ours.distress
    clock.now += EXPECTED_SECONDS
    for _ in range(FEWEST):
        ours.answered(500)
    assert ours.distress
