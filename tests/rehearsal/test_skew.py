"""One real replica with another setting: what becomes of a session there and afterwards."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager

import anyio
import httpx2
import msgspec
import pytest

from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.deployment import Pace, deploy
from holdfast.rehearsal.faults import FAULTS
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.skew import SKEWS

pytestmark = pytest.mark.anyio

SKEWED_FOR_LONG = Pace(drain=0.05, skew=600)
SHORTLY = Pace(drain=0.05, skew=0.05)


@pytest.fixture
def events():
    return []


@pytest.fixture
def deployed(events):
    """Opens a deployment of one replica; its events go into ``events``."""

    def emit(what, replica, generation, fault):
        events.append((what, f"{replica}.{generation}", fault))

    @asynccontextmanager
    async def opened(choice, pace):
        setup = parse_setup(choice, "laravel")
        async with deploy(setup, replicas=1, emit=emit, pace=pace) as deployment:
            yield deployment

    return opened


@pytest.fixture
def skewed(deployed, events):
    """Opens a replica with a session that counted to 1, and skews it.

    Gives the browser, and a step that brings a right replica back.
    """

    @asynccontextmanager
    async def opened(choice, fault):
        async with (
            deployed(choice, SKEWED_FOR_LONG) as deployment,
            httpx2.AsyncClient(base_url=deployment.address, timeout=60) as browser,
        ):
            token = state(await browser.get("/state")).token
            counted = await browser.post("/count", headers={"X-CSRF-TOKEN": token})
            assert state(counted).count == 1
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(FAULTS[fault].perform, deployment, random.Random(1))
                with anyio.fail_after(60):
                    while ("stopped", "r1.1", fault) not in events:  # noqa: ASYNC110
                        await anyio.sleep(0.01)
                tasks.cancel_scope.cancel()
            # What a roll starts has the settings that the deployment began with.
            yield browser, deployment.roll

    return opened


def state(answer):
    assert answer.status_code == 200, answer.text
    return msgspec.json.decode(answer.content, type=State)


async def test_it_begins_before_the_replica_serves_and_ends_when_it_is_gone(deployed, events):
    async with deployed("shop=redis", SHORTLY) as deployment:
        events.clear()
        await FAULTS["key-skew"].perform(deployment, random.Random(1))
        assert deployment.replicas == {"r1": 3}
    replaced = ("start", "drain", "stop", "stopped")
    assert events == [
        ("skew", "r1.2", "key-skew"),
        *((what, f"r1.{2 if what == 'start' else 1}", "key-skew") for what in replaced),
        *((what, f"r1.{3 if what == 'start' else 2}", "key-skew") for what in replaced),
        ("over", "r1.2", "key-skew"),
    ]


@pytest.mark.parametrize(
    ("choice", "fault"),
    [
        ("redis", "key-skew"),
        ("shop=redis", "key-skew"),
        ("redis", "encrypt-skew"),
        ("cookie", "encrypt-skew"),
    ],
)
async def test_a_visit_to_the_other_replica_loses_the_session_for_good(skewed, choice, fault):
    async with skewed(choice, fault) as (browser, mend):
        there = state(await browser.get("/state"))
        assert (there.generation, there.count) == (2, 0)
        await mend()
        afterwards = state(await browser.get("/state"))
        assert (afterwards.generation, afterwards.count) == (3, 0)


@pytest.mark.parametrize("choice", ["redis", "cookie"])
async def test_under_another_name_there_are_two_sessions_side_by_side(skewed, choice):
    async with skewed(choice, "name-skew") as (browser, mend):
        assert state(await browser.get("/state")).count == 0
        assert {"laravel_session", "other_session"} <= set(browser.cookies)
        await mend()
        assert state(await browser.get("/state")).count == 1


async def test_the_shop_refuses_what_it_cannot_read_and_overwrites_nothing(skewed):
    async with skewed("shop=redis", "encrypt-skew") as (browser, mend):
        assert (await browser.get("/state")).status_code == 503
        await mend()
        assert state(await browser.get("/state")).count == 1


@pytest.mark.parametrize(("choice", "kept"), [("shop=redis", True), ("redis", False)])
async def test_a_new_key_keeps_the_sessions_where_previous_keys_are_known(
    deployed, events, choice, kept
):
    async with (
        deployed(choice, SHORTLY) as deployment,
        httpx2.AsyncClient(base_url=deployment.address, timeout=60) as browser,
    ):
        before = state(await browser.get("/state"))
        headers = {"X-CSRF-TOKEN": before.token}
        assert state(await browser.post("/count", headers=headers)).count == 1
        events.clear()
        await FAULTS["rotate"].perform(deployment, random.Random(1))
        assert deployment.replicas == {"r1": 3}
        after = state(await browser.get("/state"))
        assert (after.count == 1, after.session == before.session) == (kept, kept)
        # Who comes later has the new key too.
        await deployment.roll()
        later = state(await browser.get("/state"))
        assert (later.generation, later.session, later.count) == (4, after.session, after.count)
    told = [event for event in events if event[0] in ("start", "rotate", "over")]
    assert told == [
        ("start", "r1.2", "rotate"),
        ("rotate", "r1.3", "rotate"),
        ("start", "r1.3", "rotate"),
        ("over", "r1.3", "rotate"),
        ("start", "r1.4", "roll"),
    ]


@pytest.mark.parametrize(
    ("choice", "lacking"), [("shop=array", {"name-skew"}), ("array", set()), ("mixed=redis", set())]
)
def test_what_an_application_does_not_read_is_not_applicable(choice, lacking):
    setup = parse_setup(choice, "laravel")
    assert {name for name in SKEWS if FAULTS[name].lacks(setup)} == lacking
