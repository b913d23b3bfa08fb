"""Histories written by hand: one line a request, as a story that one can read.

::

    0-1   open
    2-5   cart a
    2-3   count              -> count=1
    6-7   state              -> cart=a count=1

A line is ``[label:] [u2] start-end what [arguments] [-> answer]``. ``2-`` never was answered.

what      ``open``, ``state``, ``catalogue``, ``login [user]``, ``logout``, ``cart ITEM``,
          ``count``, ``mark KEY VALUE``, ``checkout``, ``probe LABEL`` (the cookies from before
          that request).
argument  ``in=u1.2``: the session that the browser believes in from now on; ``window``: with no
          cookies, as in a private window.
answer    a status (409 and 419 are refusals), ``?`` (lost), ``never`` (not sent), ``junk`` (200,
          but no state), or what was shown: ``u1.1`` (a session), ``nothing``, ``wiped`` (nothing,
          in a session with the token of before), ``user=1``, ``guest``, ``cart=a,b``,
          ``orders=a``, ``count=1``, ``marks=k:v``, ``id=X``, ``token=X``, ``r2.3`` (who answered),
          ``nocookie``.

What a line does not say is as a working application has it: an answer sets the cookie that the
request came with, a login and a logout set a new one, the believed session is shown and its user.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from holdfast.rehearsal.history import Answer, Op, Outcome, Sent
from holdfast.rehearsal.protocol import State

Written = Callable[[str], list[Op]]

_LINE = re.compile(
    r"(?:(?P<label>\w+):\s+)?(?:(?P<browser>u\d+)\s+)?(?P<start>[\d.]+)-(?P<end>[\d.]*)\s+(?P<what>.*)"
)


@pytest.fixture
def written() -> Written:
    """Reads a history in the language above."""
    return write


@dataclass
class _Person:
    name: str
    believes: str
    user: int | None = None
    ids: int = 0
    ops: list[Op] = field(default_factory=list)
    windows: list[float] = field(default_factory=lambda: [0.0])


def write(text: str) -> list[Op]:
    matches = [_LINE.fullmatch(line.strip()) for line in text.strip().splitlines() if line.strip()]
    assert all(matches), text
    lines = sorted((match for match in matches if match), key=lambda match: float(match["start"]))
    people: dict[str, _Person] = {}
    labels: dict[str, Op] = {}
    ops: list[Op] = []
    for number, line in enumerate(lines, start=1):
        name = line["browser"] or "u1"
        person = people.setdefault(name, _Person(name, f"{name}.1"))
        op = _op(number, line, person, labels)
        ops.append(op)
        if line["label"]:
            labels[line["label"]] = op
    return ops


def _op(number: int, line: re.Match[str], person: _Person, labels: dict[str, Op]) -> Op:
    asked, _, told = line["what"].partition("->")
    kind, *words = asked.split()
    start = float(line["start"])
    options = {word for word in words if word == "window" or word.startswith("in=")}
    args = [word for word in words if word not in options]
    for option in options:
        if option == "window":
            person.windows.append(start)
        else:
            person.believes = option.removeprefix("in=")
    ended = labels[args[0]] if kind == "probe" else None
    setter = _setter(person, start) if ended is None else _setter(person, ended.start)
    sent = Sent(
        id=number,
        at=start,
        browser=person.name,
        lineage=person.believes,
        kind="state" if ended else kind,
        args=_fields(kind, args, person),
        jar="old" if ended else "own",
        cookie_from=setter.id if setter else None,
        old_of=ended.id if ended else None,
    )
    op = Op(sent, _answer(sent, line["end"], told.split(), setter, person))
    person.ops.append(op)
    if op.ok and sent.jar == "own" and op.state:
        person.user = op.state.user
    return op


def _setter(person: _Person, time: float) -> Op | None:
    """The request whose cookie the browser has at a time: the answer that came last."""
    window = max(opened for opened in person.windows if opened <= time)
    setters = [
        op
        for op in person.ops
        if op.answer and op.answer.set_cookie and op.start >= window and op.answer.at <= time
    ]
    return max(setters, key=lambda op: op.end, default=None)


def _fields(kind: str, args: list[str], person: _Person) -> dict[str, str]:
    match kind:
        case "open":
            return {"lineage": person.believes}
        case "login":
            return {"user": args[0] if args else person.name[1:]}
        case "cart":
            return {"item": args[0]}
        case "mark":
            return {"key": args[0], "value": args[1]}
    return {}


def _answer(
    sent: Sent, end: str, told: list[str], setter: Op | None, person: _Person
) -> Answer | None:
    if not end:
        return None
    at = float(end)
    if "?" in told:
        return Answer(sent.id, at, "unknown", error="ReadTimeout")
    if "never" in told:
        return Answer(sent.id, at, "fail", error="ConnectError")
    status = next((int(word) for word in told if word.isdigit()), 200)
    who = next((word for word in told if re.fullmatch(r"r\d+(\.\d+)?", word)), "r1.1")
    replica, _, generation = who.partition(".")
    state = None
    if status == 200 and sent.kind != "catalogue" and "junk" not in told:
        state = _state(sent, told, setter, person, replica, int(generation or 1))
    outcome: Outcome = "refused" if status in (409, 419) else "ok" if status == 200 else "fail"
    return Answer(
        id=sent.id,
        at=at,
        outcome="fail" if "junk" in told else outcome,
        status=status,
        state=state,
        replica=replica,
        generation=int(generation or 1),
        set_cookie="nocookie" not in told and sent.jar == "own",
    )


def _state(
    sent: Sent, told: list[str], setter: Op | None, person: _Person, replica: str, generation: int
) -> State:
    known = dict(word.split("=", 1) for word in told if "=" in word)
    carried = setter
    while carried is not None and carried.state is None:
        carried = next((op for op in person.ops if op.id == carried.sent.cookie_from), None)
    sid = carried.state.session if carried and carried.state else None
    if sid is None or sent.kind in ("login", "logout"):
        person.ids += 1
        sid = f"{person.name}#{person.ids}"
    sid = known.get("id", sid)
    gone = sent.jar == "old" or sent.kind == "logout" or "nothing" in told or "wiped" in told
    lineage = next((word for word in told if re.fullmatch(r"u\d+\.\d+", word)), None)
    if lineage is None and not gone:
        lineage = person.believes
    user = int(sent.args["user"]) if sent.kind == "login" else person.user
    if "user" in known:
        user = int(known["user"])
    elif gone or "guest" in told:
        user = None
    fresh = f"token of request {sent.id}" if gone and "wiped" not in told else f"token of {sid}"
    return State(
        replica=replica,
        generation=generation,
        session=sid,
        lineage=lineage,
        user=user,
        token=known.get("token", fresh),
        cart=_list(known.get("cart")),
        orders=_list(known.get("orders")),
        count=int(known.get("count", "0")),
        marks=dict(pair.split(":") for pair in _list(known.get("marks"))),
    )


def _list(text: str | None) -> list[str]:
    return text.split(",") if text else []
