"""The judge on histories of simulated servers: it must never accuse a correct one.

Real browsers (``rehearsal.browser``) talk to a server in this process. Hypothesis decides what
happens next: a request is sent, a handler reads the session, saves it, answers; an answer arrives
early, late or never, a handler dies before or after its save, or goes on although nobody waits.
Time is the number of such happenings.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Coroutine, Generator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.rehearsal.browser import Browser
from holdfast.rehearsal.client import NoAnswer, Response
from holdfast.rehearsal.compare import Setup
from holdfast.rehearsal.history import Op
from holdfast.rehearsal.invariants.lasting import Lasting
from holdfast.rehearsal.invariants.story import Story
from holdfast.rehearsal.invariants.writes import _shows, acknowledged
from holdfast.rehearsal.jar import Jar
from holdfast.rehearsal.judge import judge
from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.recorder import Recorder
from holdfast.rehearsal.verdict import INVARIANTS, Verdict

REDIS = Setup("redis", "shop", "redis")
SURVIVAL = {name for name, (heading, _) in INVARIANTS.items() if heading == "survival"}
REPLAYS = 5
IN_FLIGHT = 4
HAPPENINGS = 120


class Ticks(Recorder):
    """A recorder whose clock moves on with each look at it: no two moments are the same."""

    ticks = 0

    def elapsed(self) -> float:
        self.ticks += 1
        return float(self.ticks)


@dataclass
class Session:
    token: str
    lineage: str | None = None
    user: int | None = None
    cart: list[str] = field(default_factory=list)
    orders: list[str] = field(default_factory=list)
    count: int = 0
    marks: dict[str, str] = field(default_factory=dict)

    def act(self, kind: str, form: dict[str, str]) -> None:
        match kind:
            case "open":
                self.lineage = self.lineage or form["lineage"]
            case "login":
                self.user = int(form["user"])
            case "cart":
                self.cart.append(form["item"])
            case "count":
                self.count += 1
            case "mark":
                self.marks[form["key"]] = form["value"]
            case "checkout":
                self.orders += self.cart
                self.cart = []


class Pause:
    """Something else may happen here."""

    def __await__(self) -> Generator[Pause, None, None]:
        yield self


@dataclass
class Request:
    kind: str
    form: dict[str, str]
    sid: str | None
    token: str

    @property
    def writes(self) -> bool:
        return self.kind not in ("state", "catalogue")


@dataclass
class Server:
    """What both servers have in common.

    Args:
        chatty: whether every answer sets the cookie, as Laravel's do; else only one with a new id.
    """

    chatty: bool
    sessions: dict[str, Session] = field(default_factory=dict)
    made: int = 0

    def fresh(self, what: str) -> str:
        self.made += 1
        return f"{what}{self.made}"

    def answer(self, request: Request, status: int, sid: str, session: Session) -> Response:
        headers = []
        if self.chatty or sid != request.sid:
            headers.append(("set-cookie", f"laravel_session={sid}; path=/"))
        if status != 200 or request.kind == "catalogue":
            return Response(status, headers, b"[]")
        state = State(replica="r1", generation=1, session=sid, **deepcopy(vars(session)))
        return Response(200, headers, msgspec.json.encode(state))


class Atomic(Server):
    """Saves only what nobody else saved meanwhile; reads and acts again where somebody did."""

    async def handle(self, request: Request) -> Response:
        await Pause()
        for _ in range(REPLAYS + 1):
            base = deepcopy(self.sessions.get(request.sid or ""))
            sid = self.fresh("sid") if base is None or request.sid is None else request.sid
            session = Session(self.fresh("token")) if base is None else deepcopy(base)
            if request.writes and request.token != session.token:
                return self.answer(request, 419, request.sid or sid, session)
            session.act(request.kind, request.form)
            if request.kind in ("login", "logout"):
                sid = self.fresh("sid")
                session.token = self.fresh("token")
            if request.kind == "logout":
                session = Session(session.token)
            await Pause()
            current = self.sessions.get(request.sid or "")
            if base is not None and current is None:
                return self.answer(request, 409, request.sid or sid, session)
            if base == current:
                if session != base or sid != request.sid:
                    self.save(request.sid, sid, session)
                await Pause()
                return self.answer(request, 200, sid, session)
            await Pause()
        return self.answer(request, 409, request.sid or sid, session)

    def save(self, old: str | None, sid: str, session: Session) -> None:
        if old is not None and old != sid:
            self.sessions.pop(old, None)
        self.sessions[sid] = session


class LastWins(Server):
    """Laravel: every request saves the whole session as it read it, under any id it is given."""

    async def handle(self, request: Request) -> Response:
        await Pause()
        sid = request.sid or self.fresh("sid")
        session = deepcopy(self.sessions.get(sid)) or Session(self.fresh("token"))
        status = 419 if request.writes and request.token != session.token else 200
        await Pause()
        if status == 200:
            session.act(request.kind, request.form)
            if request.kind in ("login", "logout"):
                self.sessions.pop(sid, None)
                sid = self.fresh("sid")
                session.token = self.fresh("token")
            if request.kind == "logout":
                session = Session(session.token)
            await Pause()
        self.sessions[sid] = session
        await Pause()
        return self.answer(request, status, sid, session)


@dataclass(eq=False)
class Exchange:
    """A request on its way: the handler at work on it, and what the browser will get."""

    handler: Coroutine[Any, None, Response]
    begun: bool = False
    response: Response | None = None
    error: Exception | None = None

    def advance(self) -> None:
        self.begun = True
        try:
            self.handler.send(None)
        except StopIteration as done:
            self.response = done.value

    def __await__(self) -> Generator[Exchange, None, Response]:
        yield self
        if self.error is not None:
            raise self.error
        assert self.response is not None
        return self.response


class Wire:
    """Brings a request to the server; the play decides what becomes of it."""

    def __init__(self, server: Atomic | LastWins) -> None:
        self._server = server

    async def wait_turn(self) -> None:
        """Whenever it likes."""

    async def send(
        self, method: str, target: str, headers: Mapping[str, str], body: bytes, timeout: float
    ) -> Response:
        cookies = dict(pair.split("=", 1) for pair in headers.get("cookie", "").split("; ") if pair)
        return await Exchange(
            self._server.handle(
                Request(
                    kind=target[1:],
                    form=dict(parse_qsl(body.decode())),
                    sid=cookies.get("laravel_session"),
                    token=headers.get("x-csrf-token", ""),
                )
            )
        )


@dataclass(eq=False)
class Waiting:
    """A browser that waits for an answer."""

    browser: Browser
    client: Coroutine[Any, Any, Op]
    exchange: Exchange
    before: Jar | None


@dataclass
class Play:
    """Lets browsers and the server act in an order that chance decides."""

    server: Atomic | LastWins
    chance: random.Random
    faults: bool
    recorder: Ticks = field(default_factory=Ticks)
    waiting: list[Waiting] = field(default_factory=list)
    orphans: list[Exchange] = field(default_factory=list)
    to_probe: list[tuple[Browser, Jar, int]] = field(default_factory=list)
    made: int = 0

    def run(self, happenings: int) -> Verdict:
        try:
            self.play(happenings)
        finally:
            # Hypothesis may break off in the middle; nobody waits any more.
            for waiting in self.waiting:
                waiting.exchange.handler.close()
                waiting.client.close()
            for orphan in self.orphans:
                orphan.handler.close()
        return judge(REDIS, self.recorder.ops(), [], self.recorder.elapsed())

    def play(self, happenings: int) -> None:
        client = Wire(self.server)
        browsers = [Browser(name, client, self.recorder) for name in ("u1", "u2")]
        for _ in range(happenings):
            if len(self.waiting) < IN_FLIGHT and self.chance.random() < 0.3:
                self.request(self.chance.choice(browsers))
            elif self.waiting and self.faults and self.chance.random() < 0.05:
                self.fail(self.chance.choice(self.waiting))
            elif self.waiting or self.orphans:
                self.go_on()
        while self.waiting or self.orphans:
            self.go_on()
        for browser in browsers * 2:
            if browser.opened:
                self.send(browser, "state")
                while self.waiting:
                    self.go_on()

    def request(self, browser: Browser) -> None:
        if self.to_probe and self.chance.random() < 0.5:
            prober, jar, ended = self.to_probe.pop()
            self.begin(prober, prober.probe(jar, ended))
        elif not browser.token or self.chance.random() < 0.2:
            self.send(browser, self.chance.choice(["state", "catalogue"]))
        elif not browser.opened:
            self.send(browser, "open", lineage=browser.lineage)
        else:
            self.made += 1
            name = f"{browser.name}-{self.made}"
            match self.chance.randrange(10):
                case 0:
                    self.send(browser, "logout")
                case 1 | 2 if browser.user is None:
                    self.send(browser, "login", user=browser.name[1:])
                case 3 | 4 | 5:
                    self.send(browser, "count")
                case 6 | 7:
                    self.send(browser, "mark", key=self.chance.choice("kl"), value=name)
                case 8:
                    self.send(browser, "checkout")
                case _:
                    self.send(browser, "cart", item=name)

    def send(self, browser: Browser, kind: str, **args: str) -> None:
        old = browser.jar.copy() if kind in ("login", "logout") else None
        self.begin(browser, browser.send(kind, **args), old)

    def begin(
        self, browser: Browser, client: Coroutine[Any, Any, Op], before: Jar | None = None
    ) -> None:
        self.waiting.append(Waiting(browser, client, client.send(None), before))

    def go_on(self) -> None:
        """A handler takes a step, or an answer arrives."""
        actor = self.chance.choice([*self.waiting, *self.orphans])
        if isinstance(actor, Exchange):
            actor.advance()
            if actor.response is not None:
                self.orphans.remove(actor)
        elif actor.exchange.response is None:
            actor.exchange.advance()
        else:
            self.arrive(actor)

    def fail(self, waiting: Waiting) -> None:
        """The browser gets something else than the handler's answer."""
        exchange = waiting.exchange
        late = exchange.response is None
        match self.chance.choice(["unsent", "502", "broken", "cut", "504", "timeout"]):
            case "unsent":
                if exchange.begun:
                    return
                exchange.handler.close()
                exchange.error = NoAnswer("refused", sent=False)
            case "502":  # the replica is killed, before or after its save
                exchange.handler.close()
                exchange.response = Response(502, [], b"")
            case "broken":  # it is killed together with the balancer
                exchange.handler.close()
                exchange.error = NoAnswer("connection reset", sent=True)
            case "cut":
                while exchange.response is None:
                    exchange.advance()
                exchange.response = Response(200, [], b"{")
            case "504":  # nobody waits any more, the handler goes on
                self.orphans += [Exchange(exchange.handler)] if late else []
                exchange.response = Response(504, [], b"")
            case _:
                self.orphans += [Exchange(exchange.handler)] if late else []
                exchange.error = NoAnswer("too late", sent=True)
        self.arrive(waiting)

    def arrive(self, waiting: Waiting) -> None:
        self.waiting.remove(waiting)
        try:
            waiting.client.send(None)
        except StopIteration as done:
            if waiting.before is not None and done.value.ok:
                self.to_probe += [(waiting.browser, waiting.before, done.value.id)] * 2


def found(verdict: Verdict) -> Counter[str]:
    return Counter(violation.invariant for violation in verdict.violations)


@given(chance=st.randoms(use_true_random=False), chatty=st.booleans(), faults=st.booleans())
@settings(max_examples=100)
def test_a_correct_server_is_never_accused(chance, chatty, faults):
    verdict = Play(Atomic(chatty), chance, faults).run(HAPPENINGS)
    assert set(found(verdict)) <= {"late-cookie"}
    assert verdict.writes_lost == verdict.sessions_lost == 0


@given(chance=st.randoms(use_true_random=False), faults=st.booleans())
@settings(max_examples=100)
def test_last_write_wins_shows_as_races_alone(chance, faults):
    verdict = Play(LastWins(chatty=True), chance, faults).run(HAPPENINGS)
    assert not set(found(verdict)) & SURVIVAL
    assert verdict.writes_lost == verdict.sessions_lost == 0


@pytest.mark.parametrize("faults", [False, True])
def test_neither_is_for_want_of_anything_to_find(faults):
    correct, last = Counter[str](), Counter[str]()
    writes = 0
    for seed in range(50):
        verdict = Play(Atomic(chatty=True), random.Random(seed), faults).run(2 * HAPPENINGS)
        writes += verdict.writes_acknowledged
        correct += found(verdict)
        last += found(Play(LastWins(chatty=True), random.Random(seed), faults).run(2 * HAPPENINGS))
    assert writes > 200
    assert set(correct) == {"late-cookie"}
    assert {"lost-update", "resurrection", "late-cookie"} <= set(last)
    assert not set(last) & SURVIVAL


@pytest.mark.parametrize("server", [Atomic, LastWins])
@pytest.mark.parametrize("seed", range(5))
def test_a_history_on_disk_and_one_in_memory_give_one_verdict(server, seed):
    play = Play(server(chatty=True), random.Random(seed), faults=True)
    verdict = play.run(4 * HAPPENINGS)
    ops = list(play.recorder.ops())
    assert judge(REDIS, ops, [], verdict.seconds) == verdict
    assert verdict.requests == len(ops) > 50


def test_which_reads_show_a_write_is_known_before_they_are_looked_at():
    writes = 0
    for seed in range(40):
        play = Play(LastWins(chatty=True), random.Random(seed), faults=True)
        play.run(2 * HAPPENINGS)
        for name in ("u1", "u2"):
            story = Story(name, tuple(op for op in play.recorder.ops() if op.sent.browser == name))
            for lineage in story.lineages.values():
                reads = story.reads[lineage.name]
                lasting = Lasting(story, reads)
                for kept in acknowledged(story, lineage):
                    writes += 1
                    showing = [_shows(story, kept.write, read) for read in reads]
                    assert all(showing[lasting.shown_from(kept.write) :])
                    if kept.write.state is not None:
                        assert not any(showing[: lasting.not_shown_before(kept.write)])
    assert writes > 100


@dataclass
class Forgetful(Atomic):
    """Says that it saved what it did not save, now and then."""

    saves: int = 0

    def save(self, old: str | None, sid: str, session: Session) -> None:
        self.saves += 1
        if self.saves % 8:
            super().save(old, sid, session)


@dataclass
class Amnesic(Atomic):
    """Loses the session that was saved before, now and then."""

    saves: int = 0
    last: str = ""

    def save(self, old: str | None, sid: str, session: Session) -> None:
        super().save(old, sid, session)
        self.saves += 1
        if self.saves % 8 == 0:
            self.sessions.pop(self.last, None)
        self.last = sid


@dataclass
class Rewinding(Atomic):
    """Goes back to where it was eight saves ago, now and then."""

    past: list[dict[str, Session]] = field(default_factory=list)

    def save(self, old: str | None, sid: str, session: Session) -> None:
        super().save(old, sid, session)
        self.past.append(deepcopy(self.sessions))
        if len(self.past) % 20 == 0:
            self.sessions = deepcopy(self.past[-8])


@dataclass
class Mixing(Atomic):
    """Swaps what stands under two ids that are in use, now and then."""

    saves: int = 0
    last: str = ""

    def save(self, old: str | None, sid: str, session: Session) -> None:
        super().save(old, sid, session)
        self.saves += 1
        other = self.sessions.get(self.last)
        if self.saves % 8 == 0 and other is not None:
            self.sessions |= {self.last: session, sid: other}
        self.last = sid


class Undead(Atomic):
    """Keeps what it should have deleted."""

    def save(self, old: str | None, sid: str, session: Session) -> None:
        kept = self.sessions.get(old) if old else None
        super().save(old, sid, session)
        if kept is not None and old is not None:
            self.sessions[old] = kept


@pytest.mark.parametrize(
    ("broken", "invariants"),
    [
        (Forgetful, {"durability", "lost-update"}),
        (Amnesic, {"missing"}),
        (Rewinding, {"rollback", "durability", "missing"}),
        (Mixing, {"leak"}),
        (Undead, {"resurrection"}),
    ],
)
def test_a_broken_server_is_caught_in_a_few_plays(broken, invariants):
    seen = Counter[str]()
    for seed in range(20):
        play = Play(broken(chatty=False), random.Random(seed), faults=False)
        seen += found(play.run(3 * HAPPENINGS))
    assert invariants <= set(seen)
