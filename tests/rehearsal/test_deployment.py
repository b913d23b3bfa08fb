"""Real Laravel replicas behind a real balancer: what is done to them, and that nothing stays."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import httpx2
import msgspec
import pytest

from holdfast.core.errors import EnvironmentLacking
from holdfast.rehearsal.application import Replica
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.deployment import deploy
from holdfast.rehearsal.pace import Pace
from holdfast.rehearsal.protocol import State

pytestmark = pytest.mark.anyio

FAST = Pace(detection=0.2, restart=0.3, drain=0.1, grace=60.0, peak=0.2)


@pytest.fixture
def temporary(monkeypatch):
    """Where temporary directories go, short enough for sockets; must be empty at the end."""
    directory = Path(tempfile.mkdtemp(prefix="hf-"))
    monkeypatch.setattr(tempfile, "tempdir", str(directory))
    yield directory
    try:
        assert living_below(directory) == []
        assert list(directory.iterdir()) == []
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def events():
    return []


@pytest.fixture
def deployed(temporary, events):
    """Opens a deployment of a choice of the compare grammar; its events go into ``events``."""

    def emit(what, replica, generation, fault):
        events.append((what, f"{replica}.{generation}", fault))

    @asynccontextmanager
    async def opened(choice, replicas, **options):
        async with deploy(
            parse_setup(choice, "laravel"),
            replicas=replicas,
            emit=emit,
            **{"pace": FAST, **options},
        ) as deployment:
            yield deployment

    return opened


class Browser:
    def __init__(self, deployment):
        self.client = httpx2.AsyncClient(base_url=deployment.address, timeout=60)
        self.token = ""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.client.aclose()

    async def get(self):
        return self._read(await self.client.get("/state"))

    async def count(self):
        headers = {"X-CSRF-TOKEN": self.token}
        return self._read(await self.client.post("/count", headers=headers))

    def _read(self, answer):
        assert answer.status_code == 200, answer.text
        state = msgspec.json.decode(answer.content, type=State)
        self.token = state.token
        return state


@pytest.mark.parametrize("balancer", ["haproxy", "builtin"])
async def test_a_roll_replaces_all_replicas_and_no_request_fails(deployed, events, balancer):
    async with deployed("redis", 3, balancer=balancer) as deployment:
        assert deployment.balancer == balancer
        assert sorted(events) == [("start", f"r{n}.1", "") for n in (1, 2, 3)]
        events.clear()
        states = []
        async with Browser(deployment) as browser, anyio.create_task_group() as tasks:
            await browser.get()

            async def use():
                while True:
                    states.append(await browser.count())

            tasks.start_soon(use)
            await deployment.roll()
            tasks.cancel_scope.cancel()
        assert deployment.replicas == {"r1": 2, "r2": 2, "r3": 2}
        assert [state.count for state in states] == list(range(1, len(states) + 1))
        assert {state.generation for state in states} == {1, 2}
    assert events == [
        (what, f"{name}.{2 if what == 'start' else 1}", "roll")
        for name in ("r1", "r2", "r3")
        for what in ("start", "drain", "stop", "stopped")
    ]


async def test_a_killed_replica_is_replaced_by_one_that_knows_nothing(deployed, events):
    async with deployed("file", 1) as deployment, Browser(deployment) as browser:
        await browser.get()
        assert (await browser.count()).count == 1
        events.clear()
        await deployment.kill_one(random.Random(1))
        state = await browser.get()
        assert (state.replica, state.generation, state.count) == ("r1", 2, 0)
    assert events == [
        ("kill", "r1.1", "kill"),
        ("stopped", "r1.1", "kill"),
        ("start", "r1.2", "kill"),
    ]


@pytest.mark.parametrize("choice", ["redis", "memcached", "database", "file:shared", "cookie"])
async def test_where_sessions_are_not_with_the_replica_they_survive_its_death(deployed, choice):
    async with deployed(choice, 1) as deployment, Browser(deployment) as browser:
        await browser.get()
        assert (await browser.count()).count == 1
        await deployment.kill_one(random.Random(1))
        assert (await browser.count()).count == 2


async def test_without_affinity_each_replica_has_files_of_its_own(deployed):
    async with deployed("file", 2) as deployment, Browser(deployment) as browser:
        seen = [await browser.get() for _ in range(2)]
        assert {state.replica for state in seen} == {"r1", "r2"}
        assert len({state.token for state in seen}) == 2


async def test_with_affinity_the_files_of_one_replica_do(deployed):
    async with deployed("file@cookie", 2) as deployment, Browser(deployment) as browser:
        await browser.get()
        assert [(await browser.count()).count for _ in range(4)] == [1, 2, 3, 4]


async def test_a_paused_replica_finishes_its_request_when_it_goes_on(deployed, events):
    async with deployed("redis", 1) as deployment, Browser(deployment) as browser:
        await browser.get()
        events.clear()
        shown = []

        async def count():
            shown.append((await browser.count()).count)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(deployment.pause_one, random.Random(1))
            await happens(lambda: ("pause", "r1.1", "pause") in events)
            tasks.start_soon(count)
        assert shown == [1]
        assert (await browser.count()).count == 2
    assert events == [("pause", "r1.1", "pause"), ("resume", "r1.1", "pause")]


async def test_a_replica_can_be_taken_away_while_it_is_paused(deployed, events, temporary):
    async with (
        deployed("redis", 1, pace=Pace(pause=600)) as deployment,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(deployment.pause_one, random.Random(1))
        await happens(lambda: ("pause", "r1.1", "pause") in events)
        tasks.cancel_scope.cancel()
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("choice", ["shop=redis", "memcached"])
@pytest.mark.parametrize("fault", ["cut", "slow", "blackhole"])
async def test_what_is_done_to_the_store_is_over_at_the_end(deployed, events, fault, choice):
    pace = Pace(cut=0.4, slow=0.2, latency=0.05, blackhole=0.2)
    async with (
        deployed(choice, 1, pace=pace, proxied=True) as deployment,
        Browser(deployment) as browser,
    ):
        await browser.get()
        events.clear()
        answers = []
        times = 0
        over = anyio.Event()

        async def use():
            # To its end: a request that nobody waits for would still save what it has.
            while not over.is_set():
                answers.append((await browser.client.get("/state")).status_code)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(use)
            # On a busy machine it may be over before a request has met it.
            while times == 0 or (fault != "slow" and deployment.harm.harmed == 0):
                await getattr(deployment.harm, fault)()
                times += 1
            over.set()
        assert fault != "slow" or deployment.harm.harmed == 0
        assert set(answers) <= {200, 503}
        state = await browser.get()
        assert (await browser.count()).count == state.count + 1
    assert events == [(fault, "store.0", fault), ("over", "store.0", fault)] * times


async def test_a_cancelled_fault_is_over(deployed, events):
    async with deployed("shop=redis", 1, pace=Pace(blackhole=600), proxied=True) as there:
        events.clear()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(there.harm.blackhole)
            await happens(lambda: events)
            tasks.cancel_scope.cancel()
        assert events[-1] == ("over", "store.0", "blackhole")
        async with Browser(there) as browser:
            await browser.get()
            assert (await browser.count()).count == 1


@pytest.mark.parametrize("choice", ["shop=redis", "memcached"])
async def test_a_flush_takes_every_session(deployed, events, choice):
    async with deployed(choice, 1) as deployment, Browser(deployment) as browser:
        await browser.get()
        assert (await browser.count()).count == 1
        events.clear()
        await deployment.harm.flush()
        assert (await browser.get()).count == 0
    assert events == [("flush", "store.0", "flush"), ("over", "store.0", "flush")]


@pytest.mark.parametrize(
    ("choice", "fault", "kept"),
    [
        ("redis", "restart", 0),
        ("redis", "crash", 0),
        ("memcached", "restart", 0),
        ("memcached", "crash", 0),
        # A crash may lose: it holds back writes while it flushes the file.
        ("redis:aof", "restart", 1),
    ],
)
async def test_what_a_store_keeps_when_its_server_ends(deployed, events, fault, choice, kept):
    async with (
        deployed(choice, 1, pace=Pace(down=0.1)) as deployment,
        Browser(deployment) as browser,
    ):
        await browser.get()
        assert (await browser.count()).count == 1
        events.clear()
        await getattr(deployment.harm, fault)()
        assert (await browser.get()).count == kept
    assert events == [(fault, "store.0", fault), ("over", "store.0", fault)]


async def test_a_store_is_there_again_after_a_restart_that_was_cancelled(deployed, events):
    async with (
        deployed("shop=redis:aof", 1, pace=Pace(down=600)) as deployment,
        Browser(deployment) as browser,
    ):
        await browser.get()
        assert (await browser.count()).count == 1
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(deployment.harm.restart)
            await happens(lambda: events[-1] == ("restart", "store.0", "restart"))
            tasks.cancel_scope.cancel()
        assert events[-1] == ("over", "store.0", "restart")
        assert (await browser.get()).count == 1


async def test_scaling_out_and_in_takes_the_newest_away(deployed, events):
    async with deployed("array", 1) as deployment:
        events.clear()
        await deployment.scale_out_in(more=1)
        assert deployment.replicas == {"r1": 1}
        await deployment.scale(2)
        assert deployment.replicas == {"r1": 1, "r2": 2}
    assert events == [
        ("start", "r2.1", "scale"),
        ("drain", "r2.1", "scale"),
        ("stop", "r2.1", "scale"),
        ("stopped", "r2.1", "scale"),
        ("start", "r2.2", "scale"),
    ]


async def test_a_cancelled_change_leaves_nothing(deployed, events, temporary):
    with anyio.CancelScope() as scope:
        async with deployed("redis", 2) as deployment:
            events.clear()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(deployment.roll)
                await happens(lambda: ("drain", "r1.1", "roll") in events)
                assert living_below(temporary)
                scope.cancel()
    assert scope.cancelled_caught
    # The fixture asserts that no process and no directory is left.


async def test_a_cancelled_start_leaves_nothing(deployed, temporary):
    with anyio.CancelScope() as scope:
        async with anyio.create_task_group() as tasks:

            async def cancel_when_started():
                await happens(lambda: living_below(temporary))
                scope.cancel()

            tasks.start_soon(cancel_when_started)
            async with deployed("redis", 3):
                pytest.fail("it was cancelled before it was there")
    assert scope.cancelled_caught


async def test_a_replica_that_cannot_start_is_said_bare_and_leaves_nothing(deployed, monkeypatch):
    def fail(_replica):
        raise EnvironmentLacking("no more", hint="none")

    async with deployed("array", 1) as deployment:
        monkeypatch.setattr(Replica, "start", fail)
        with pytest.raises(EnvironmentLacking, match="no more"):
            await deployment.scale(3)
        assert deployment.replicas == {"r1": 1}


async def test_what_is_missing_is_said_before_anything_starts(deployed, monkeypatch):
    monkeypatch.setenv("LARAVEL_AUTOLOAD", "/nowhere/autoload.php")
    with pytest.raises(EnvironmentLacking, match="Laravel is not installed"):
        async with deployed("redis", 3):
            pass


PROGRAM = """
import anyio
from holdfast.rehearsal.compare import parse_setup
from holdfast.rehearsal.deployment import deploy

async def main():
    setup = parse_setup("redis", "laravel")
    async with deploy(setup, replicas=1, emit=lambda *event: None) as deployment:
        print(deployment.address, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_or_killed_run_leaves_nothing(temporary, number):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline().startswith(b"http://127.0.0.1:")
        assert len(living_below(temporary)) > 4
        program.send_signal(number)
        program.wait(timeout=60)
    deadline = time.monotonic() + 60
    while living_below(temporary) or list(temporary.iterdir()):
        assert time.monotonic() < deadline, "its guardian has not cleaned up"
        time.sleep(0.02)


async def happens(condition):
    while not condition():  # noqa: ASYNC110 - nobody sets an event for these
        await anyio.sleep(0.005)


def living_below(directory):
    """The processes whose working directory lies below this one."""
    found = []
    for cwd in Path("/proc").glob("[0-9]*/cwd"):
        try:
            where = cwd.readlink()
        except OSError:
            continue
        # A directory that was removed under a living process ends in « (deleted)».
        if Path(str(where).removesuffix(" (deleted)")).is_relative_to(directory):
            found.append(int(cwd.parent.name))
    return found
