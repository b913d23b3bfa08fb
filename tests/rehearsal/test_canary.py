"""One canary over the shop in this process: what it counts, and that it never grows."""

from __future__ import annotations

import anyio
import pytest

from holdfast.core.errors import UsageError
from holdfast.laravel.payload import Codec
from holdfast.rehearsal.browser import Browser
from holdfast.rehearsal.canary import LONGEST_PAUSE_SECONDS, Canary
from holdfast.rehearsal.client import NoAnswer, Response
from holdfast.rehearsal.deployment import fresh_app_key
from holdfast.rehearsal.guests import ShopGuest
from holdfast.rehearsal.history import Answer, Op, Sent
from holdfast.rehearsal.in_process import InProcess
from holdfast.rehearsal.metrics import CAUSES, Metrics, parse_address
from holdfast.rehearsal.outage import Outage
from holdfast.rehearsal.shop import create_app
from holdfast.rehearsal.short_memory import LATEST, MAX_BEGINNING, ShortMemory
from holdfast.stores.contract import Delete, Scan
from holdfast.stores.memory import MemoryStore

pytestmark = pytest.mark.anyio

EVERY = 30.0


class Ended(Exception):  # noqa: N818 - it says what happened
    """The canary has slept as often as the test wants."""


class Deployment:
    """The shop, and what happens to it: by the number of the canary's pause before it."""

    def __init__(self, happens=None):
        self.store = MemoryStore()
        app = create_app(self.store, Codec(self.store.form), fresh_app_key(), "r1", 1)
        self.shop = InProcess(app)
        self.happens = happens or {}
        self.harm = ""
        self.pauses = []
        self.asked = []

    async def wait_turn(self):
        pass

    async def send(self, method, target, headers, body, timeout):
        self.asked.append(target)
        if self.harm == "down":
            return Response(503, [], b"")
        if self.harm == "unreachable":
            raise NoAnswer("cannot connect", sent=False)
        answer = await self.shop.send(method, target, headers, body, timeout)
        if self.harm == f"no answer to {target}":
            raise NoAnswer("the connection was closed", sent=True)
        return answer

    async def sleep(self, seconds):
        self.pauses.append(seconds)
        happens = self.happens.get(len(self.pauses), "")
        if happens == "end":
            raise Ended
        if happens == "emptied":
            with self.store.connect() as perform:
                for sid in perform(Scan()).sids:
                    perform(Delete(sid))
        elif happens:
            self.harm = happens
        await anyio.lowlevel.checkpoint()


async def watched(happens):
    """The deployment, the metrics and the losses of a canary that lived through this."""
    deployment, metrics, losses = Deployment(happens), Metrics(), []
    memory = ShortMemory(metrics.answered)
    guest = ShopGuest(Browser("u1", deployment, memory), 1)
    canary = Canary(guest, memory, metrics, losses.append, EVERY, sleep=deployment.sleep)
    with pytest.raises(Ended):
        await canary.live()
    return deployment, metrics, losses


def counts(metrics):
    return (
        metrics.total("sessions_observed"),
        metrics.sessions_lost,
        metrics.total("logins_lost"),
    )


async def test_a_session_that_is_there_is_looked_at_in_its_pace():
    deployment, metrics, losses = await watched({9: "end"})
    assert counts(metrics) == (1, 0, 0)
    assert losses == []
    assert deployment.asked == ["/state", "/open", "/login", "/state", *["/state"] * 8]
    assert all(EVERY / 2 <= pause <= 1.5 * EVERY for pause in deployment.pauses)
    assert len(set(deployment.pauses)) > 1


async def test_a_lost_session_is_counted_once_and_another_one_begun():
    _, metrics, [loss] = await watched({3: "emptied", 8: "end"})
    assert counts(metrics) == (2, 1, 1)
    assert metrics.total("sessions_lost", cause="missing") == 1
    assert (loss.lineage, loss.user, loss.cause) == ("u1.1", 1, "missing")
    assert len(loss.session) == 12
    assert loss.age >= 0


async def test_sessions_are_counted_while_they_are_watched():
    _, metrics, losses = await watched({3: "emptied", 4: "down", 6: "end"})
    assert len(losses) == 1
    assert metrics.registry.get_sample_value("holdfast_sessions_held") == 0
    _, metrics, _ = await watched({3: "emptied", 8: "end"})
    assert metrics.registry.get_sample_value("holdfast_sessions_held") == 1


@pytest.mark.parametrize("harm", ["down", "unreachable"])
async def test_an_outage_is_no_loss_and_is_asked_less_often(harm):
    deployment, metrics, _ = await watched({2: harm, 12: "well", 15: "end"})
    assert counts(metrics) == (1, 0, 0)
    assert metrics.total("requests", outcome="fail") == 10
    base = [pause for pause in deployment.pauses if pause <= 1.5 * EVERY]
    assert len(base) < len(deployment.pauses)
    assert max(deployment.pauses) <= 1.5 * LONGEST_PAUSE_SECONDS
    assert max(deployment.pauses) > LONGEST_PAUSE_SECONDS / 2
    assert deployment.pauses[-1] <= 1.5 * EVERY


async def test_a_session_that_is_lost_in_an_outage_is_found_after_it():
    _, metrics, [loss] = await watched({2: "down", 3: "emptied", 4: "well", 7: "end"})
    assert counts(metrics) == (2, 1, 1)
    assert loss.cause == "missing"


async def test_a_session_whose_login_was_not_answered_is_not_watched():
    harm = "no answer to /login"
    _, metrics, losses = await watched({1: "emptied", 2: harm, 4: "well", 6: "end"})
    assert losses[1:] == []  # the first one: what was there before the store was emptied
    assert counts(metrics) == (2, 1, 1)


async def test_the_first_arrival_waits_for_an_application():
    _, metrics, losses = await watched({1: "down", 2: "down", 3: "well", 5: "end"})
    assert counts(metrics) == (1, 0, 0)
    assert losses == []


def test_an_outage_is_told_when_it_begins_and_when_it_is_over():
    said = []
    outage = Outage(said.append)

    def request(start, end, outcome, error=None):
        sent = Sent(1, start, "u1", "u1.1", "state", {}, "own", None)
        outage.answered(Op(sent, Answer(1, end, outcome, 200, error=error)))

    request(0, 1, "ok")
    request(2, 3, "fail", "HTTP 503")
    request(3, 5, "unknown", "no whole answer in time")
    assert said == ["DOWN: HTTP 503"]
    request(6, 9, "refused")
    assert said[1:] == ["UP: after 6 s; requests that failed: 2"]
    request(5, 10, "fail", "overtaken")
    assert said[2:] == []
    request(11, 12, "fail", "again")
    assert said[2:] == ["DOWN: again"]


def test_memory_does_not_grow():
    answered = []
    memory = ShortMemory(answered.append)

    def request():
        number = memory.next_id()
        memory.sent(Sent(number, float(number), "u1", "u1.1", "state", {}, "own", None))
        memory.answer(Answer(number, number + 0.5, "ok", 200))

    for _ in range(1000):
        request()
    assert len(memory.story("u1").ops) == MAX_BEGINNING
    memory.settle("u1")
    for _ in range(10_000):
        request()
    ids = [op.id for op in memory.story("u1").ops]
    assert ids == [*range(901, 1001), *range(11_001 - LATEST, 11_001)]
    assert len(answered) == 11_000
    assert isinstance(answered[-1], Op)
    memory.forget("u1")
    request()
    assert [op.id for op in memory.story("u1").ops] == [11_001]


def test_every_cause_is_there_before_anything_is_lost():
    metrics = Metrics()
    samples = {
        sample.labels["cause"]: sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == "holdfast_sessions_lost_total"
    }
    assert samples == dict.fromkeys(CAUSES, 0.0)
    names = {sample.name for family in metrics.registry.collect() for sample in family.samples}
    assert not [name for name in names if name.endswith("_created")]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9187", ("127.0.0.1", 9187)),
        ("0.0.0.0:9187", ("0.0.0.0", 9187)),
        ("[::1]:80", ("::1", 80)),
        ("localhost:65535", ("localhost", 65535)),
    ],
)
def test_an_address(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize(
    "text", ["", "0", "65536", "-1", "a:b", ":80", "1.2.3.4", "²", "http://h:1"]
)
def test_no_address(text):
    with pytest.raises(UsageError, match="PORT or ADDRESS:PORT"):
        parse_address(text)
