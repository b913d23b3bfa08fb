"""The history of a rehearsal: what was sent, what came back, what was done to the replicas.

One JSON line is written before a request is sent and one after its answer, so that a request whose
answer never came is in the history too. Times are seconds since the run began, monotonic.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from holdfast.rehearsal.protocol import State
from holdfast.rehearsal.skew import SKEWS

Outcome = Literal["ok", "refused", "fail", "unknown"]
"""ok: answered 200 with a state; what a visitor is answered need not show one. refused: 409 or 419,
or a visitor's login that logged nobody in; nothing was written. fail: any other answer. unknown: no
whole answer; it may have taken effect, may yet do so, or never will."""


ToReplica = Literal[
    "start", "kill", "drain", "stop", "stopped", "pause", "resume", "skew", "rotate"
]
ToSentinel = Literal["failover", "kill-primary", "partition", "split", "heal"]
ToStore = Literal[
    "cut", "slow", "blackhole", "flush", "restart", "crash", "evict", "over", ToSentinel
]
ToDeployment = Literal["command", "key", "over"]
What = ToReplica | ToStore | ToDeployment
"""What can be done to a replica, to the store, or to the whole of it, see Event."""

STORE = "store"
"""Stands where a replica's name would, for what is done to the store."""

DEPLOYMENT = "deployment"
"""Stands there for what is done to a deployment of which no more is known."""

_FIELDS = {"open": ("lineage",), "login": ("user",), "cart": ("item",), "mark": ("key", "value")}
"""What a request of a kind is nothing without."""


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """A request that is about to be sent.

    Args:
        id: number of the request, rising in the order of sending.
        at: when.
        browser: name of the browser, ``u7``.
        lineage: the session that the browser believes it has, ``u7.1``; the number rises each time
            the browser opens a new one.
        kind: the route without its slash: ``open``, ``state``, ``login``, ``cart``, ``count``,
            ``mark``, ``checkout``, ``logout``, ``catalogue``.
        args: the fields sent. A visitor (:mod:`holdfast.rehearsal.visitor`) sends ``open`` and
            ``state`` to ``path``, and as ``login`` a form whose fields are not told; ``user`` is
            its own number.
        jar: ``own``, or ``old`` for a probe that replays the cookies that the browser had before a
            logout or login; ``old_of`` then names that logout's or login's request.
        cookie_from: id of the request whose answer set the session cookie that this one carries;
            None without a cookie.
        old_of: see ``jar``.
    """

    id: int
    at: float
    browser: str
    lineage: str
    kind: str
    args: dict[str, str]
    jar: Literal["own", "old"]
    cookie_from: int | None
    old_of: int | None = None

    def __post_init__(self) -> None:
        for name in _FIELDS.get(self.kind, ()):
            if name not in self.args:
                raise ValueError(f"a request of {self.kind} without {name}")


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    """What came back for the request of the same id.

    Args:
        id: the request's number.
        at: when the whole answer was there, or when it was given up.
        outcome: see Outcome.
        status: HTTP status, None where none came.
        state: the state in a 200 answer, or what an answer to a visitor shows of one.
        replica: who answered, ``r2``; from the state, else from ``X-Holdfast-Replica``, else None.
        generation: of that replica, as ``replica``.
        set_cookie: whether the answer set the session cookie.
        error: what went wrong, in words, for people.
    """

    id: int
    at: float
    outcome: Outcome
    status: int | None = None
    state: State | None = None
    replica: str | None = None
    generation: int | None = None
    set_cookie: bool = False
    error: str | None = None


class Event(msgspec.Struct, frozen=True, tag="event"):
    """Something that was done to the deployment, or a phase of the run.

    Args:
        at: when.
        what: ``start`` (a replica takes traffic), ``kill`` (SIGKILL), ``drain`` (out of the
            balancer), ``stop`` (stop signal sent), ``stopped`` (its processes are gone), ``pause``
            and ``resume`` (SIGSTOP, SIGCONT), ``skew`` (one with another setting takes traffic
            next; ``over`` when it is gone), ``rotate`` (one with a new APP_KEY takes traffic next;
            ``over`` when all have it), ``phase``; to the store: ``cut``, ``slow``, ``blackhole``,
            ``flush``, ``restart``, ``crash``, ``evict``, ``failover`` (of Redis), ``kill-primary``
            and ``partition`` when they begin, ``split`` when two nodes of Redis were seen to be
            primary, ``heal`` at the end of a partition, ``over`` when all that is over; to a
            deployment that is already there: ``command`` (the user's begins), ``over`` (it has
            ended), ``key`` (the user says that something begins).
        replica, generation: whom; ``store`` or ``deployment`` and 0, empty and 0 for a phase.
        fault: the fault that did it (``kill``, ``roll``, ``cut``...), empty for the first start and
            the end; for ``phase`` the phase that begins: ``calm``, a fault's name, ``end``.
        status: exit status of a command that is over; negative: the signal that ended it.
    """

    at: float
    what: What | Literal["phase"]
    replica: str = ""
    generation: int = 0
    fault: str = ""
    status: int | None = None

    def __post_init__(self) -> None:
        if self.what == "skew" and self.fault not in SKEWS:
            raise ValueError(f"a skew of which nobody knows the setting: {self.fault!r}")


Record = Sent | Answer | Event


class Op(msgspec.Struct, frozen=True):
    """One request of the history, both halves joined. ``answer`` None: none came before the end."""

    sent: Sent
    answer: Answer | None

    @property
    def id(self) -> int:
        """The request's number."""
        return self.sent.id

    @property
    def start(self) -> float:
        """When it was sent."""
        return self.sent.at

    @property
    def end(self) -> float:
        """When the browser had its answer; infinite where none came whole."""
        if self.answer is None or self.answer.outcome == "unknown":
            return float("inf")
        return self.answer.at

    @property
    def ok(self) -> bool:
        """Whether it was answered as asked."""
        return self.answer is not None and self.answer.outcome == "ok"

    @property
    def refused(self) -> bool:
        """Whether the application said that nothing was written."""
        return self.answer is not None and self.answer.outcome == "refused"

    @property
    def state(self) -> State | None:
        """The state in its answer, None without one."""
        return self.answer.state if self.answer is not None else None


def to_json(record: Record) -> bytes:
    """One line of the history file, without the line end."""
    return msgspec.json.encode(record)


def from_json(line: bytes) -> Record:
    """Read one line; raises msgspec.ValidationError or msgspec.DecodeError on anything else."""
    try:
        record: Record = msgspec.json.decode(line, type=Record)
    except (UnicodeDecodeError, RecursionError) as error:
        raise msgspec.DecodeError("not a line of a history") from error
    return record
